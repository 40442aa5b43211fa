/** What becomes of a pass: granted, or held for iDenfy's word or a person's. Pure, like ./attempt.ts. */
import type { NewEvent } from '../journal/journal-event.js';
import type { AttemptChange, AttemptFacts, Moment, Moved, SessionChange, SessionFacts, Signal } from './decision.js';
import type { Outcome } from './outcome.js';
import { endSession } from './session.js';
import { flagged } from './signals.js';

/** Why a session is in review. */
type Hold =
  /** iDenfy's session API is being asked (CONFIRM_PASS=enforce) */
  | 'confirming'
  /** the session API does not say what the webhook said */
  | 'disputed'
  /** the session API could not be asked for a whole day */
  | 'unconfirmed'
  /** the scanRef had too many failures when the pass came */
  | 'subject-locked';

export function afterPass(
  attempt: AttemptFacts,
  outcome: Outcome,
  { now, confirmPass, lockedUntil }: Moment,
): { attempt: Pick<AttemptChange, 'confirmAt' | 'signals'>; session: SessionChange; events: NewEvent[] } {
  const confirming = outcome.source === 'webhook' && confirmPass !== 'off';
  // Who passes with a code that was never handed out has it from somewhere else.
  const signals: Signal[] = attempt.state === 'issued' ? ['never-revealed'] : [];
  const locked = lockedUntil !== null && lockedUntil > now;
  const ended = locked
    ? hold('subject-locked')
    : confirming && confirmPass === 'enforce'
      ? hold('confirming')
      : endSession('passed', null, now);
  return {
    attempt: { ...(confirming ? { confirmAt: now } : {}), ...(signals.length > 0 ? { signals } : {}) },
    session: ended.session,
    events: [...signals.map((signal) => flagged(signal, attempt)), ended.event],
  };
}

function hold(reason: Hold): { session: SessionChange; event: NewEvent } {
  return {
    session: { status: 'in-review', reason },
    event: { type: 'session.in-review', attemptId: null, data: { reason } },
  };
}

/** What the session API says of an attempt that has passed by webhook. `unreachable`: nothing, for a whole day. */
export type Confirmation = 'approved' | 'rejected' | 'undecided' | 'unknown-token' | 'unreachable';

/** @returns null when nothing changes */
export function confirmPass(
  session: Pick<SessionFacts, 'status' | 'reason'>,
  attempt: Pick<AttemptFacts, 'id' | 'number'>,
  said: Confirmation,
  now: Date,
): Moved | null {
  const waiting = session.status === 'in-review' && session.reason === 'confirming';
  if (said === 'approved') return waiting ? withoutAttempt(endSession('passed', null, now)) : null;
  if (said === 'unreachable') return waiting ? withoutAttempt(hold('unconfirmed')) : null;
  const told: NewEvent = { type: 'attempt.disputed', attemptId: attempt.id, data: { number: attempt.number, said } };
  const held = waiting ? hold('disputed') : null;
  const events = [told, flagged('disputed', attempt), ...(held ? [held.event] : [])];
  return { kind: 'moved', attempt: null, session: held?.session ?? null, events, next: null, signals: ['disputed'] };
}

/** A person decides on a held pass. */
export function reviewPass(
  session: Pick<SessionFacts, 'status'>,
  attempt: Pick<AttemptFacts, 'id' | 'number'>,
  review: { decision: 'pass' | 'fail'; note: string },
  now: Date,
): Moved | 'not-in-review' {
  if (session.status !== 'in-review') return 'not-in-review';
  const ended =
    review.decision === 'pass' ? endSession('passed', null, now) : endSession('failed', 'failed-in-review', now);
  const decided: NewEvent = {
    type: 'review.decided',
    attemptId: attempt.id,
    data: { number: attempt.number, decision: review.decision },
    // Free text about a person.
    personal: { note: review.note },
  };
  return { kind: 'moved', attempt: null, session: ended.session, events: [decided, ended.event], next: null };
}

function withoutAttempt({ session, event }: { session: SessionChange; event: NewEvent }): Moved {
  return { kind: 'moved', attempt: null, session, events: [event], next: null };
}
