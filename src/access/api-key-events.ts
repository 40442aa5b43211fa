/**
 * The data of the events that record who created or revoked an API key. Names and owners of keys stay when a subject is
 * erased, because they name staff and systems, not subjects. `hint` is left out, because it is a part of the secret. Pure.
 */
import type { ApiKey } from '../http/api-keys.store.js';
import type { EventData } from '../journal/journal-event.js';

export const revokedKey = ({ id, name, owner, scopes, platform }: ApiKey): EventData => ({
  keyId: id,
  name,
  owner,
  scopes,
  platform,
});

export const createdKey = (key: ApiKey): EventData => ({
  ...revokedKey(key),
  createdBy: key.createdBy,
  expiresAt: key.expiresAt?.toISOString() ?? null,
});
