import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

/** What an id names. Ids are prefixed and time-ordered: UUIDv7 (RFC 9562) in hex. */
export type IdPrefix = 'ses' | 'att' | 'evt' | 'whk' | 'key' | 'ep' | 'dlv' | 'sbk';

export function newId<P extends IdPrefix>(prefix: P): `${P}_${string}` {
  return `${prefix}_${v7().replaceAll('-', '')}`;
}

const shape = /^[a-z]{2,3}_[0-9a-f]{32}$/;

/** Whether a text from outside can be one of our ids at all; what cannot is answered like an unknown one. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return text.startsWith(`${prefix}_`) && shape.test(text);
}

/** 256 random bits, URL-safe, behind a prefix that secret scanners can find (`fc_` API key, `fct_` client token). */
export function newSecret(prefix: 'fc' | 'fct'): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`;
}
