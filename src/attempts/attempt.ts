/**
 * The one decision: what an input does to an attempt and its session. Pure: no I/O, no clock, no randomness. Who calls
 * it holds the rows' locks, and writes what it says in one transaction.
 */
import { authenticationType, faceMatching } from '../idenfy/contract.js';
import { isSameScanRef } from '../idenfy/scan-ref.js';
import type { EventType } from '../journal/event-types.js';
import type { EventData, NewEvent } from '../journal/journal-event.js';
import type {
  AttemptChange,
  AttemptFacts,
  Decision,
  Input,
  Moment,
  Moved,
  Refusal,
  ResultClaims,
  ResultInput,
  SessionChange,
  SessionFacts,
} from './decision.js';
import type { Outcome } from './outcome.js';
import { afterPass, lateness } from './pass.js';
import { afterRetry, endSession, failedStatus } from './session.js';
import { flag, judge } from './signals.js';
import { type AttemptState, type InputKind, isFinalAttempt, isOpenSession, transitions } from './states.js';

export function decide(session: SessionFacts, attempt: AttemptFacts, input: Input, moment: Moment): Decision {
  if (input.kind === 'result') {
    const verdict = alreadyAnswered(session, attempt, input, moment);
    if (verdict) return verdict;
  }
  if (!isOpenSession(session.status)) return refused('session-closed');
  const to = transitions[attempt.state][rowOf(input)];
  if (to === 'replay') return { kind: 'replayed' };
  if (to === 'refuse') return refused(whyRefused(attempt));
  return move(session, attempt, input, to, moment);
}

/** The row of the transition table an input belongs to. */
function rowOf(input: Input): InputKind {
  if (input.kind !== 'result') return input.kind;
  return input.outcome.status === 'SUCCESS' ? 'success' : 'failure';
}

const refused = (reason: Refusal): Decision => ({ kind: 'refused', reason, events: [], signals: [] });

function whyRefused(attempt: AttemptFacts): Refusal {
  if (attempt.reason === 'superseded') return 'superseded';
  return isFinalAttempt(attempt.state) ? 'already-final' : 'not-allowed-from-state';
}

/** A result that says again what was said is a replay; one that may not count is refused, with the event that tells. */
function alreadyAnswered(
  session: SessionFacts,
  attempt: AttemptFacts,
  input: ResultInput,
  moment: Moment,
): Decision | null {
  const open = isOpenSession(session.status);
  const told = (type: 'attempt.conflict' | 'attempt.late-result', reason: Refusal): Decision => {
    const signal = type === 'attempt.conflict' ? 'conflict' : 'late-result';
    // A code replaced in time must not be the way around a signal: what the refused result shows is raised all the same,
    // unless it is about somebody else.
    const shown = reason === 'mismatched-session' ? [] : judge(session, attempt, input, moment);
    const flags = flag(attempt, [{ signal, shown: {} }, ...shown]);
    const events = [refusedResult(type, reason, attempt, input), ...flags.events];
    return { kind: 'refused', reason, events, signals: flags.signals };
  };
  if (contradicts(input.claims, session)) return told('attempt.conflict', 'mismatched-session');
  if (!isFinalAttempt(attempt.state)) return open ? null : told('attempt.late-result', 'session-closed');
  if (attempt.outcome?.status === input.outcome.status) return { kind: 'replayed' };
  // We closed the attempt ourselves; iDenfy is not contradicting itself, it is late.
  const ourWord = attempt.state === 'void' || isOurWord(attempt.outcome);
  if (ourWord) return told('attempt.late-result', open ? whyRefused(attempt) : 'session-closed');
  return told('attempt.conflict', open ? whyRefused(attempt) : 'session-closed');
}

/** iDenfy never said EXPIRED through its session API: that it tells nothing of the code was taken for it. */
const isOurWord = (outcome: Outcome | null): boolean =>
  outcome?.source === 'deadline' || (outcome?.source === 'session-api' && outcome.status === 'EXPIRED');

function refusedResult(type: EventType, reason: Refusal, attempt: AttemptFacts, input: ResultInput): NewEvent {
  return {
    type,
    attemptId: attempt.id,
    data: {
      number: attempt.number,
      state: attempt.state,
      reason,
      outcome: { ...input.outcome },
      earlier: attempt.outcome && { ...attempt.outcome },
    },
    personal: input.personal,
  };
}

function contradicts(claims: ResultClaims, session: SessionFacts): boolean {
  return (
    (claims.scanRef !== null && !isSameScanRef(claims.scanRef, session.scanRef)) ||
    (claims.type !== null && claims.type !== authenticationType) ||
    (claims.method !== null && claims.method !== faceMatching)
  );
}

/** The move itself; that it is allowed has been asked. */
function move(session: SessionFacts, attempt: AttemptFacts, input: Input, to: AttemptState, moment: Moment): Moved {
  const { now } = moment;
  const event = (data: EventData, personal?: NewEvent['personal']): NewEvent => ({
    type: `attempt.${to}` as EventType,
    attemptId: attempt.id,
    data: { number: attempt.number, from: attempt.state, ...data },
    personal,
  });
  const moved = (
    change: Omit<AttemptChange, 'state'>,
    events: NewEvent[],
    rest: Partial<Pick<Moved, 'session' | 'next'>> = {},
  ): Moved => ({ kind: 'moved', attempt: { state: to, ...change }, session: null, next: null, ...rest, events });
  /** Void, and with it the session, or not. */
  const voided = (reason: string, detail: EventData, ended?: { session: SessionChange; event: NewEvent }): Moved =>
    moved({ reason, endedAt: now }, [event({ reason, ...detail }), ...(ended ? [ended.event] : [])], {
      session: ended?.session ?? null,
    });

  switch (input.kind) {
    case 'code-issued': {
      const { issuedAt, expiresAt, deadlineAt, codeHint } = input;
      const dates = { issuedAt: issuedAt.toISOString(), expiresAt: expiresAt.toISOString() };
      const activated = session.status === 'pending' ? { status: 'active' as const } : null;
      return moved({ issuedAt, expiresAt, deadlineAt, codeHint }, [event(dates)], { session: activated });
    }
    case 'revealed':
      return moved({ revealedAt: now }, [event({})]);
    case 'superseded':
      return voided('superseded', {});
    case 'canceled':
      return voided('canceled', {}, endSession('canceled', null, now));
    case 'lifetime-over':
      return voided('lifetime-over', {}, endSession(failedStatus(session.lastOutcome), 'lifetime-over', now));
    case 'issue-refused': {
      const { reason, identificationScanRef: scanRef } = input;
      const ended = endSession(statusAfterRefusal(attempt, reason), reason, now);
      if (scanRef !== undefined) ended.event.data = { ...ended.event.data, identificationScanRef: scanRef };
      return voided(input.reason, { detail: input.detail }, ended);
    }
    case 'result': {
      const { outcome, personal } = input;
      const told = event({ outcome: { ...outcome } }, personal);
      const late = lateness(attempt, input, moment);
      const flags = flag(attempt, [...judge(session, attempt, input, moment), ...(late ? [late] : [])]);
      const change = { outcome, endedAt: now, ...(flags.signals.length > 0 ? { signals: flags.signals } : {}) };
      if (outcome.status === 'SUCCESS') {
        const signals = [...session.signals, ...flags.signals];
        const after = afterPass({ outcome, signals, isLate: late !== null }, moment);
        return moved({ ...change, ...after.attempt }, [told, ...flags.events, after.event], { session: after.session });
      }
      const after = afterRetry(session, attempt.number, outcome, moment);
      return moved(change, [told, ...flags.events, ...after.events], after);
    }
  }
}

/** `rejected` and `identification-required` say that the session never had a code. */
function statusAfterRefusal(attempt: AttemptFacts, reason: string): 'identification-required' | 'rejected' | 'failed' {
  if (attempt.number > 1) return 'failed';
  return reason === 'identification-required' ? 'identification-required' : 'rejected';
}
