/** Decisions about the session itself, and what becomes of it when an attempt ends. Pure, like ./attempt.ts. */
import type { EventType } from '../journal/event-types.js';
import type { NewEvent } from '../journal/journal-event.js';
import type { Moment, Moved, NextAttempt, SessionChange, SessionFacts } from './decision.js';
import { type Outcome, retryCauseOf } from './outcome.js';
import { isOpenSession, type SessionStatus } from './states.js';

/** A final status with its event. */
export function endSession(
  status: SessionStatus,
  reason: string | null,
  now: Date,
): { session: SessionChange; event: NewEvent } {
  return {
    session: { status, endedAt: now, reason },
    event: { type: `session.${status}` as EventType, attemptId: null, data: { reason } },
  };
}

/** The final status of a session that ends without a pass. */
export const failedStatus = (last: SessionFacts['lastOutcome']): 'expired' | 'failed' =>
  last === 'EXPIRED' ? 'expired' : 'failed';

export function requested(next: NextAttempt, because: string): NewEvent {
  return { type: 'attempt.requested', attemptId: next.id, data: { number: next.number, because } };
}

/** What the session does after an attempt came out as `outcome` without passing. */
export function afterRetry(
  session: SessionFacts,
  number: number,
  outcome: Outcome,
  moment: Moment,
): Pick<Moved, 'session' | 'events' | 'next'> {
  const cause = outcome.status === 'SUCCESS' ? null : retryCauseOf[outcome.status];
  const lifetimeOver = moment.now >= session.expiresAt;
  if (number >= session.maxAttempts || lifetimeOver) {
    const reason = lifetimeOver && number < session.maxAttempts ? 'lifetime-over' : 'attempts-exhausted';
    const ended = endSession(failedStatus(outcome.status), reason, moment.now);
    return { session: ended.session, events: [ended.event], next: null };
  }
  // Attempts are left, but this outcome waits for the platform's word.
  if (cause === null || !session.retryOn.includes(cause)) return { session: null, events: [], next: null };
  if (moment.lockedUntil !== null && moment.lockedUntil > moment.now) {
    const ended = endSession(failedStatus(outcome.status), 'subject-locked', moment.now);
    return { session: ended.session, events: [ended.event], next: null };
  }
  const next = { id: moment.nextAttemptId, number: number + 1 };
  return { session: null, events: [requested(next, cause)], next };
}

/** Ends a session that has no live attempt: by the platform's word, or because its lifetime is over. */
export function close(session: SessionFacts, why: 'canceled' | 'lifetime-over', now: Date): Moved | 'session-closed' {
  if (!isOpenSession(session.status)) return 'session-closed';
  const ended =
    why === 'canceled'
      ? endSession('canceled', null, now)
      : endSession(failedStatus(session.lastOutcome), 'lifetime-over', now);
  return { kind: 'moved', attempt: null, session: ended.session, events: [ended.event], next: null };
}

/** The platform asks for a new code. What is live has to be superseded first, which needs no word of the session. */
export function requestAttempt(
  session: SessionFacts,
  attemptsSoFar: number,
  moment: Pick<Moment, 'now' | 'nextAttemptId'>,
): { next: NextAttempt; event: NewEvent } | 'session-closed' | 'attempts-exhausted' {
  if (!isOpenSession(session.status) || session.status === 'in-review') return 'session-closed';
  if (attemptsSoFar >= session.maxAttempts || moment.now >= session.expiresAt) return 'attempts-exhausted';
  const next = { id: moment.nextAttemptId, number: attemptsSoFar + 1 };
  return { next, event: requested(next, 'asked') };
}
