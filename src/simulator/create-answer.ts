import type { CreateRequest } from './create-request.js';
import type { Session } from './session.js';

/** iDenfy's answer to a create call: the request again, with the token and, where asked for, the code. */
export function createAnswer({ body }: CreateRequest, session: Session): object {
  const answer: Record<string, unknown> = { ...body, [tokenName(session)]: session.token };
  if (session.digitString === null) return answer;
  const asNumber = session.wish?.name === 'number-code';
  return { ...answer, digitString: asNumber ? Number(session.digitString) : session.digitString };
}

/** iDenfy's own pages disagree about the name. */
function tokenName({ wish }: Session): string {
  if (wish?.name === 'auth-token') return 'authToken';
  return wish?.name === 'token-string' ? 'tokenString' : 'token';
}
