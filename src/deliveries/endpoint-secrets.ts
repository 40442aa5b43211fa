/** The secrets of one endpoint: the current one, and old ones that sign beside it for a while. */
export interface EndpointSecret {
  secret: string;
  /** when it stops signing (ISO 8601); null: it is the current one */
  until: string | null;
}

/** Each signs every message, so there cannot be any number of them. The oldest go first. */
const liveSecretsMax = 5;

export function liveSecrets(all: readonly EndpointSecret[], now: Date): EndpointSecret[] {
  return all.filter(({ until }) => until === null || new Date(until) > now);
}

/** No old secret lives longer than the overlap: who rotates without one has lost one, and it may be any of them. */
export function rotated(
  all: readonly EndpointSecret[],
  secret: string,
  overlapSeconds: number,
  now: Date,
): EndpointSecret[] {
  const end = new Date(now.getTime() + overlapSeconds * 1000).toISOString();
  const old = all.map((one) => ({ ...one, until: one.until !== null && one.until < end ? one.until : end }));
  return [{ secret, until: null }, ...liveSecrets(old, now)].slice(0, liveSecretsMax);
}
