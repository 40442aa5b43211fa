/**
 * What a call to iDenfy can come to. Expected answers are values; a caller narrows by `kind`. No `detail` holds a
 * token, digits, a secret or a scanRef.
 */
import type { ProviderSession } from './contract.js';

/** Repeating changes nothing: somebody has to look at the account, the settings or the request. */
export interface Refused {
  kind: 'refused';
  /** `contract`: a feature is not in it; `unexpected`: an answer that the documentation does not know */
  reason: 'bad-request' | 'unauthorized' | 'no-credits' | 'forbidden' | 'contract' | 'unexpected';
  httpStatus: number;
  /** iDenfy's own name of the error, where it gave one */
  identifier: string | null;
  detail: string;
}

/** Nothing was done; the same call may succeed later. */
export interface RetryLater {
  kind: 'retry-later';
  /**
   * Two reasons mean that no call was made. `provider-down`: the breaker is open (breaker.ts). `budget-spent`: the
   * calls of this hour are spent (call-budget.ts).
   */
  why: 'rate-limited' | 'server-error' | 'time-out' | 'unreachable' | 'provider-down' | 'budget-spent';
  /** the wait that iDenfy, the breaker or the budget requires, 0..3600 and not always whole; null: no wait is given */
  retryAfterSeconds: number | null;
  detail: string;
}

export type Failure = Refused | RetryLater;

export type EligibilityOutcome =
  { kind: 'ok'; type: 'AUTHENTICATION' | 'IDENTIFICATION' | 'other'; raw: string } | { kind: 'not-found' } | Failure;

export type CreateOutcome =
  /** `lifetimeSeconds`: the session's lifetime in iDenfy's answer, if any; it may differ from the requested one */
  | { kind: 'ok'; token: string; digitString: string | null; lifetimeSeconds: number | null; warnings: string[] }
  /** `sessionTokens`: tokens of sessions that iDenfy may have made but that we cannot use. As secret as a code. */
  | (Refused & { sessionTokens?: readonly string[] })
  /** iDenfy may have made a session that we know nothing of: README.md section 2 */
  | { kind: 'unknown'; detail: string }
  | RetryLater;

/** `approved`: true passed, false failed, null not finished, expired or canceled. */
export type ReadOutcome =
  | { kind: 'ok'; approved: boolean | null }
  | { kind: 'not-found' }
  /** a 2xx answer without a usable `approved`, without a JSON object, or about another session */
  | { kind: 'unclear'; detail: string }
  | Failure;

/** `ok`: iDenfy returns the list of sessions; its content was not read. */
export type ListProbeOutcome = { kind: 'ok' } | Failure;

/** `url`: where the user identifies; as secret as a code. `scanRef`: the reference of the new identification. */
export type IdentificationOutcome =
  | { kind: 'ok'; scanRef: string; url: string }
  /** iDenfy may have made an identification that we know nothing of; nobody was sent to it */
  | { kind: 'unknown'; detail: string }
  /** iDenfy already has an active identification with this clientId and did not make another */
  | { kind: 'duplicate'; detail: string }
  | Failure;

export type ListOutcome = { kind: 'ok'; sessions: ProviderSession[] } | Failure;
