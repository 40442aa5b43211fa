/**
 * A platform is one customer-facing system that this deployment serves. Keys, sessions, endpoints and events each belong
 * to one; keys and endpoints may also belong to all of them.
 */

/** The platform of everything for which no platform was named. */
export const defaultPlatform = 'main';
export const allPlatforms = '*';

export const platformRule = 'must have 1 to 64 of a-z, 0-9 and -';

/** Whether this is the name of one platform. */
export const isOnePlatform = (name: unknown): name is string =>
  typeof name === 'string' && /^[a-z0-9-]{1,64}$/.test(name);

/** The `platform` of an event: null if the event concerns no single platform. */
export const platformOfEvent = (platform: string): string | null => (platform === allPlatforms ? null : platform);
