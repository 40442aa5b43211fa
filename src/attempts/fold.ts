/** What a session's events say its rows must be. Pure; `facecode check` holds it against the rows. */
import type { Signal } from '../config/read-signals.js';
import type { JournalEvent } from '../journal/journal-event.js';
import type { Outcome } from './outcome.js';
import type { SessionWithAttempts } from './rows.js';
import { type AttemptState, isOpenSession, type SessionStatus } from './states.js';

interface FoldedAttempt {
  id: string;
  number: number;
  state: AttemptState;
  reason: string | null;
  outcome: Outcome | null;
  issuedAt: string | null;
  revealedAt: string | null;
  expiresAt: string | null;
  endedAt: string | null;
  signals: Signal[];
}

export interface Folded {
  seq: number;
  status: SessionStatus;
  reason: string | null;
  endedAt: string | null;
  attempts: FoldedAttempt[];
}

type FoldableEvent = Pick<JournalEvent, 'type' | 'attemptId' | 'seq' | 'at' | 'data'>;

/** @throws Error when the events are not a history: a gap in `seq`, or an attempt that was never requested */
export function fold(events: readonly FoldableEvent[]): Folded {
  const folded: Folded = { seq: 0, status: 'pending', reason: null, endedAt: null, attempts: [] };
  for (const event of events) {
    folded.seq += 1;
    if (event.seq !== folded.seq) throw new Error(`event ${event.seq} stands where ${folded.seq} was expected`);
    if (event.type.startsWith('session.')) foldSession(folded, event);
    if (event.type.startsWith('attempt.')) foldAttempt(folded, event);
    if (event.type === 'risk.flagged' && event.attemptId !== null) foldSignal(folded, event);
  }
  return folded;
}

function foldSession(folded: Folded, { type, at, data }: FoldableEvent): void {
  if (type === 'session.created' || type === 'session.identified') return;
  folded.status = type.slice('session.'.length) as SessionStatus;
  folded.reason = (data.reason as string | null | undefined) ?? null;
  folded.endedAt = isOpenSession(folded.status) ? null : at;
}

function foldAttempt(folded: Folded, { type, attemptId, at, data }: FoldableEvent): void {
  if (type === 'attempt.requested') {
    folded.attempts.push(newAttempt(attemptId!, data.number as number));
    return;
  }
  const attempt = folded.attempts.find(({ id }) => id === attemptId);
  if (!attempt) throw new Error(`${type} tells of ${attemptId}, which was never requested`);
  switch (type) {
    case 'attempt.issued':
      Object.assign(attempt, { state: 'issued', issuedAt: data.issuedAt, expiresAt: data.expiresAt });
      if (folded.status === 'pending') folded.status = 'active';
      break;
    case 'attempt.awaiting-selfie':
      Object.assign(attempt, { state: 'awaiting-selfie', revealedAt: at });
      break;
    case 'attempt.passed':
    case 'attempt.retry':
      Object.assign(attempt, { state: type.slice('attempt.'.length), outcome: data.outcome, endedAt: at });
      break;
    case 'attempt.void':
      Object.assign(attempt, { state: 'void', reason: data.reason, endedAt: at });
      break;
    default:
    // Late, conflicting and disputed results are told, and move nothing.
  }
}

function foldSignal(folded: Folded, { attemptId, data }: FoldableEvent): void {
  const signals = folded.attempts.find(({ id }) => id === attemptId)?.signals;
  const signal = data.signal as Signal;
  if (signals && !signals.includes(signal)) signals.push(signal);
}

const newAttempt = (id: string, number: number): FoldedAttempt => ({
  id,
  number,
  state: 'requested',
  reason: null,
  outcome: null,
  issuedAt: null,
  revealedAt: null,
  expiresAt: null,
  endedAt: null,
  signals: [],
});

/** The rows in the same shape. */
export function folded({ session, attempts }: SessionWithAttempts): Folded {
  const iso = (date: Date | null) => date?.toISOString() ?? null;
  return {
    seq: session.seq,
    status: session.status,
    reason: session.reason,
    endedAt: iso(session.endedAt),
    attempts: attempts.map(
      ({ id, number, state, reason, outcome, issuedAt, revealedAt, expiresAt, endedAt, signals }) => ({
        id,
        number,
        state,
        reason,
        outcome,
        issuedAt: iso(issuedAt),
        revealedAt: iso(revealedAt),
        expiresAt: iso(expiresAt),
        endedAt: iso(endedAt),
        signals,
      }),
    ),
  };
}
