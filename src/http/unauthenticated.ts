import { Problem } from '../core/errors.js';

/**
 * The causes of a 401, as the `detail` that the caller reads. Unknown and revoked keys get the same text, so that
 * nobody learns which keys once existed. Expired keys and ended tokens have their own texts, because only their holders
 * can send them.
 */
const details = {
  'nothing-sent': 'No API key was sent. Send `Authorization: Bearer fc_…`.',
  'not-a-key':
    'What was sent is neither an API key (`fc_…`) nor a client token (`fct_…`). Send `Authorization: Bearer fc_…`.',
  'key-in-address':
    'An API key must be in the `Authorization` header. Only a client token may be in the address, once, as `?token=fct_…`.',
  'unknown-key': 'The API key is unknown or was revoked.',
  'expired-key': 'The API key has expired. Use a new one.',
  'unknown-token': 'The client token is unknown. The answer to `POST /v1/sessions` has the client token of a session.',
  'ended-token':
    'The client token no longer reads its session, which ended more than 15 minutes ago. Read the session from your server, with an API key.',
} as const;

export type UnauthenticatedCause = keyof typeof details;

export const unauthenticated = (cause: UnauthenticatedCause): Problem =>
  new Problem('unauthenticated', { detail: details[cause] });
