import { mayAct, type Principal } from '../http/scopes.js';
import type { SessionView } from './session-view.js';
import { type UserSession, userSession } from './user-view.js';

/** A session as this reader may see it. Only keys with the scope `sessions` see the address of an identification. Pure. */
export function sessionFor(principal: Principal, view: SessionView): SessionView | UserSession {
  if (principal.kind === 'client-token') return userSession(view);
  if (mayAct(principal.scopes, ['sessions'])) return view;
  const { identification: _address, ...shown } = view;
  return shown;
}
