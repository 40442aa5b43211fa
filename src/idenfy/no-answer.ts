/** Calls that iDenfy did not answer, and calls that were not made. */
import type { NoAnswer } from './http-exchange.js';
import type { RetryLater } from './outcomes.js';

/** Whether iDenfy answered. A refusal and "too many requests" are answers; all other outcomes to retry are not. */
export const isAnswer = (outcome: { kind: string; why?: RetryLater['why'] }): boolean =>
  outcome.kind !== 'unknown' && (outcome.kind !== 'retry-later' || outcome.why === 'rate-limited');

/** Nothing was sent, so even a create call may be repeated. */
export function providerDown(retryAfterSeconds: number): RetryLater {
  const detail = 'iDenfy was not called: its last calls got no answer';
  return { kind: 'retry-later', why: 'provider-down', retryAfterSeconds, detail };
}

/** Nothing was sent here, either. The breaker ignores this outcome. */
export function budgetSpent(retryAfterSeconds: number): RetryLater {
  const detail = 'iDenfy was not called: the calls of this hour are spent (IDENFY_REQUESTS_PER_HOUR)';
  return { kind: 'retry-later', why: 'budget-spent', retryAfterSeconds, detail };
}

export function retryLater({ timedOut, code }: NoAnswer): RetryLater {
  const why = timedOut ? 'time-out' : 'unreachable';
  return { kind: 'retry-later', why, retryAfterSeconds: null, detail: `iDenfy did not answer (${code})` };
}

/** Of a call that may cost a credit. @returns null: nothing was sent, so nothing was made */
export const unknownWhenSent = ({ sent, code }: NoAnswer) =>
  sent ? ({ kind: 'unknown', detail: `iDenfy did not answer what may have reached it (${code})` } as const) : null;
