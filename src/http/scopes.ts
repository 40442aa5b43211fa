import { SetMetadata } from '@nestjs/common';

/** What an API key may do. `admin` may everything. */
export const scopes = ['sessions', 'audit', 'review', 'endpoints', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** Who makes a request. */
export type Principal =
  | KeyPrincipal
  /** a browser or app that may follow one session, which belongs to that platform */
  | { kind: 'client-token'; sessionId: string; platform: string };

interface KeyPrincipal {
  kind: 'api-key';
  id: string;
  name: string;
  /** the person or system that holds the key */
  owner: string | null;
  /** `*`: all platforms */
  platform: string;
  scopes: readonly Scope[];
}

export const accessKey = 'facecode:access';

export type Access =
  | { kind: 'public' }
  /** any of the scopes; with `clientToken`, also the token of the session whose id is in the path */
  | { kind: 'scopes'; anyOf: readonly Scope[]; clientToken: false | 'bearer' | 'bearer-or-query' };

/** Needs an API key with any of these scopes. A route without a word about access needs `admin`. */
export const RequireScope = (...anyOf: Scope[]) =>
  SetMetadata(accessKey, { kind: 'scopes', anyOf, clientToken: false } satisfies Access);

/** Like RequireScope; the client token of the session in the path will do as well. */
export const RequireScopeOrClientToken = (...anyOf: Scope[]) =>
  SetMetadata(accessKey, { kind: 'scopes', anyOf, clientToken: 'bearer' } satisfies Access);

/** Like RequireScopeOrClientToken; the token may be in `?token=`, since EventSource sends no header of one's own. */
export const RequireScopeOrClientTokenInQuery = (...anyOf: Scope[]) =>
  SetMetadata(accessKey, { kind: 'scopes', anyOf, clientToken: 'bearer-or-query' } satisfies Access);

export const allPlatformsKey = 'facecode:all-platforms';

/** For routes about the whole deployment: a key of one platform gets 403. Used together with a scope. */
export const RequireAllPlatforms = () => SetMetadata(allPlatformsKey, true);

export const Public = () => SetMetadata(accessKey, { kind: 'public' } satisfies Access);

export function mayAct(granted: readonly Scope[], anyOf: readonly Scope[]): boolean {
  return granted.includes('admin') || anyOf.some((scope) => granted.includes(scope));
}

/** Only keys that watch, review or administer may belong to all platforms: a session belongs to exactly one. */
export const mayHaveAllPlatforms = (granted: readonly Scope[]): boolean => mayAct(granted, ['audit', 'review']);
export const allPlatformsRule = '"*" needs at least one of the scopes audit, review, admin';
