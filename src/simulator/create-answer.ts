import type { CreateRequest } from './create-request.js';
import type { Session } from './session.js';

/**
 * iDenfy's answer to a create call. It repeats the request and adds the lifetime, the token and, if requested, the
 * code.
 */
export function createAnswer({ body }: CreateRequest, session: Session): object {
  const { digitString, lifetimeSeconds, wish } = session;
  const answer = { ...body, lifetime: lifetimeSeconds, [tokenName(session)]: session.token };
  if (wish?.name === 'null-digits') return { ...answer, digitString: null };
  if (digitString === null) return answer;
  return { ...answer, digitString: wish?.name === 'number-code' ? Number(digitString) : digitString };
}

/** iDenfy's own pages disagree about the name. */
function tokenName({ wish }: Session): string {
  if (wish?.name === 'auth-token') return 'authToken';
  return wish?.name === 'token-string' ? 'tokenString' : 'token';
}
