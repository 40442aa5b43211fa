/** A review as the API gives it. */
import { type Approval, counting } from '../attempts/four-eyes.js';
import { type Claim, isLive } from '../attempts/review.js';
import type { ReviewRow } from '../attempts/reviews.store.js';
import { signalsOf } from '../attempts/rows.js';
import type { SessionStatus } from '../attempts/states.js';
import type { EventData, JournalEvent } from '../journal/journal-event.js';
import type { SessionView } from './session-view.js';

interface SessionSummary {
  id: string;
  status: SessionStatus;
  scanRef: string;
  reference: string | null;
  /** requested so far */
  attempts: number;
  createdAt: string;
}

interface ReviewState {
  sessionId: string;
  /** why the pass is or was held */
  reason: string | null;
  signals: string[];
  /** when it was first held */
  heldAt: string;
  /** the live claim */
  claim: { by: string; at: string; until: string } | null;
  /** approvals that wait for a second reviewer */
  approvals: { by: string; at: string }[];
  notesCount: number;
}

export interface ReviewSummary extends ReviewState {
  session: SessionSummary;
}

export interface ReviewNote {
  by: string;
  at: string;
  /** null: erased */
  note: string | null;
}

/** A signal with the facts behind it. */
export interface ReviewFlag {
  signal: string;
  attemptId: string;
  /** of the attempt */
  number: number;
  at: string;
  /** what the rule judged; the fields depend on the signal */
  facts: EventData;
  /** the addresses that the rule compared; null if it compared none, or if the subject was erased */
  addresses: { initiatorIp: string | null; selfieIp: string | null } | null;
}

export interface ReviewDetail extends ReviewState {
  session: SessionView;
  /** oldest first */
  flags: ReviewFlag[];
  /** oldest first */
  notes: ReviewNote[];
}

type HistoryEvent = Pick<JournalEvent, 'type' | 'attemptId' | 'at' | 'actor' | 'data' | 'personal'>;

export function reviewSummary(row: ReviewRow, reference: string | null, now: Date): ReviewSummary {
  const { id, status, scanRef, createdAt, reason } = row.session;
  const attempts = row.attempts.length;
  const session = { id, status, scanRef, reference, attempts, createdAt: createdAt.toISOString() };
  return { ...stateOf(row, reason, now), session };
}

/** @param history every event of the session, in order */
export function reviewDetail(
  row: ReviewRow,
  session: SessionView,
  history: readonly HistoryEvent[],
  now: Date,
): ReviewDetail {
  const held = history.findLast(({ type }) => type === 'session.in-review');
  const notes = history
    .filter(({ type }) => type === 'review.noted')
    .map(({ actor, at, personal }) => ({ by: actor.id, at, note: (personal?.note as string | undefined) ?? null }));
  const flags = history.flatMap((event) => flagOf(event) ?? []);
  return { ...stateOf(row, held?.data.reason as string | null, now), session, flags, notes };
}

/**
 * Reviewers judge whether a signal matters, so they see its facts. The only personal data among them are the two
 * addresses that `different-network` compares. They are copied one by one, so that a later rule with more personal data
 * does not show it by accident.
 */
function flagOf({ type, attemptId, at, data, personal }: HistoryEvent): ReviewFlag | null {
  // The alert `about-to-lock` is about the subject. It belongs to no attempt and is not a signal.
  if (type !== 'risk.flagged' || attemptId === null) return null;
  const { signal, number, ...facts } = data;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    signal: signal as string,
    attemptId,
    number: number as number,
    at,
    facts,
    addresses: personal && { initiatorIp: text(personal.initiatorIp), selfieIp: text(personal.selfieIp) },
  };
}

function stateOf({ session, attempts, claim, approvals, notesCount }: ReviewRow, reason: string | null, now: Date) {
  const open = session.status === 'in-review';
  const { heldAt } = session;
  return {
    sessionId: session.id,
    reason,
    signals: signalsOf(attempts),
    heldAt: heldAt?.toISOString() ?? '',
    claim: open && isLive(claim, now) ? claimView(claim) : null,
    approvals: open && heldAt ? counting(approvals, heldAt).map(approvalView) : [],
    notesCount,
  };
}

const claimView = ({ by, at, until }: Claim) => ({ by, at: at.toISOString(), until: until.toISOString() });
const approvalView = ({ by, at }: Approval) => ({ by: by.id, at: at.toISOString() });
