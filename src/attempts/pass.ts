/**
 * What becomes of a pass: granted, or held for iDenfy's word or a person's. Pure, like ./attempt.ts. A hold is named by
 * the first that applies:
 *
 * 1. `subject-locked`: a limit is no matter of policy;
 * 2. a signal of the session that SIGNALS_HOLD names, the first in the order of the table of signals;
 * 3. `confirming`: iDenfy's session API has not confirmed the pass yet, and either CONFIRM_PASS=enforce asks for that, or
 *    the pass came late.
 *
 * Only `confirming` ends without a person: confirmed, the pass is granted, unless a signal holds it by then; else it
 * becomes `disputed` or `unconfirmed`. Behind 1 and 2 iDenfy is asked all the same, and what it says is told, but frees
 * nothing.
 */
import type { HoldingSignal, Signal } from '../config/read-signals.js';
import type { NewEvent } from '../journal/journal-event.js';
import type { Raised } from '../risk/facts.js';
import { holdingOf } from '../risk/rules.js';
import type {
  AttemptChange,
  AttemptFacts,
  Moment,
  Moved,
  ResultInput,
  SessionChange,
  SessionFacts,
} from './decision.js';
import type { Outcome } from './outcome.js';
import { endSession } from './session.js';
import { flag } from './signals.js';

/** Why a session is in review. */
type Hold =
  /** iDenfy's session API is being asked (CONFIRM_PASS=enforce, or a late pass) */
  | 'confirming'
  /** the session API and the webhook disagree */
  | 'disputed'
  /** the session API gave no answer for a whole day, refuses the call, or answered unclearly five times */
  | 'unconfirmed'
  /** the scanRef had too many failures when the pass came */
  | 'subject-locked'
  /** SIGNALS_HOLD */
  | HoldingSignal;

interface SessionMove {
  session: SessionChange;
  event: NewEvent;
}

/**
 * A webhook's pass is late if it arrived after the expiry of its code and the grace. By then the session API should have
 * been asked, and could not be. A webhook has no time of its own. Its time of arrival counts, not the time when
 * we apply it: a backlog of ours must not make a pass late.
 *
 * @returns the signal; null for a pass that is in time and for every other result
 */
export function lateness(
  { expiresAt }: Pick<AttemptFacts, 'expiresAt'>,
  { outcome, selfie }: ResultInput,
  { now, deadlineGraceSeconds: graceSeconds }: Pick<Moment, 'now' | 'deadlineGraceSeconds'>,
): Raised | null {
  if (outcome.status !== 'SUCCESS' || outcome.source !== 'webhook' || !expiresAt) return null;
  const receivedAt = selfie?.receivedAt ?? now;
  const secondsAfterExpiry = (receivedAt.getTime() - expiresAt.getTime()) / 1000;
  if (secondsAfterExpiry <= graceSeconds) return null;
  return { signal: 'late-result', shown: { secondsAfterExpiry, graceSeconds } };
}

/** The facts about a pass that decide whether it is granted or held. */
interface Pass {
  outcome: Outcome;
  /** signals of the session, with those that the pass itself has raised */
  signals: readonly Signal[];
  isLate: boolean;
}

/** A late pass waits for iDenfy's confirmation whatever CONFIRM_PASS says. */
export function afterPass(
  { outcome, signals, isLate }: Pass,
  { now, confirmPass, lockedUntil, signals: { hold } }: Pick<Moment, 'now' | 'confirmPass' | 'lockedUntil' | 'signals'>,
): SessionMove & { attempt: Pick<AttemptChange, 'confirmAt'> } {
  const confirming = outcome.source === 'webhook' && (confirmPass !== 'off' || isLate);
  const held = holdingOf(signals, hold);
  const move = (): SessionMove => {
    if (lockedUntil !== null && lockedUntil > now) return holdFor('subject-locked');
    if (held) return holdFor(held);
    const waits = confirming && (confirmPass === 'enforce' || isLate);
    return waits ? holdFor('confirming') : endSession('passed', null, now);
  };
  return { ...move(), attempt: confirming ? { confirmAt: now } : {} };
}

function holdFor(reason: Hold): SessionMove {
  return {
    session: { status: 'in-review', reason },
    event: { type: 'session.in-review', attemptId: null, data: { reason } },
  };
}

/**
 * The session API's answer about an attempt that has passed by webhook. `unreachable`: it gave no clear answer for a
 * whole day, or it refuses to answer.
 */
export type Confirmation = 'approved' | 'rejected' | 'undecided' | 'unknown-token' | 'unreachable';

/** @returns null when nothing changes */
export function confirmPass(
  session: Pick<SessionFacts, 'status' | 'reason' | 'signals'>,
  attempt: Pick<AttemptFacts, 'id' | 'number' | 'signals'>,
  said: Confirmation,
  { now, hold }: { now: Date; hold: readonly HoldingSignal[] },
): Moved | null {
  const waiting = session.status === 'in-review' && session.reason === 'confirming';
  if (said === 'approved') {
    if (!waiting) return null;
    // It may have been raised while iDenfy was asked, by a late result of an earlier attempt.
    const held = holdingOf(session.signals, hold);
    return sessionOnly(held ? holdFor(held) : endSession('passed', null, now));
  }
  if (said === 'unreachable') return waiting ? sessionOnly(holdFor('unconfirmed')) : null;
  const told: NewEvent = { type: 'attempt.disputed', attemptId: attempt.id, data: { number: attempt.number, said } };
  const held = waiting ? holdFor('disputed') : null;
  const { signals, events: flags } = flag(attempt, [{ signal: 'disputed', shown: {} }]);
  const events = [told, ...flags, ...(held ? [held.event] : [])];
  return { kind: 'moved', attempt: null, session: held?.session ?? null, events, next: null, signals };
}

function sessionOnly({ session, event }: SessionMove): Moved {
  return { kind: 'moved', attempt: null, session, events: [event], next: null };
}
