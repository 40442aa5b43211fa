/** What reviewers may do with a held pass: claim it, note, say pass or fail. Pure, like ./attempt.ts. */
import type { EventType } from '../journal/event-types.js';
import type { NewEvent } from '../journal/journal-event.js';
import type { AttemptFacts, Moved, SessionFacts } from './decision.js';
import { endSession } from './session.js';

/** Who has a held pass to himself, until when. */
export interface Claim {
  by: string;
  at: Date;
  until: Date;
}

/** A word for pass that waits for a second one (REVIEW_FOUR_EYES). */
export interface Approval {
  by: string;
  at: Date;
}

export interface Review {
  /** id of the API key */
  reviewer: string;
  decision: 'pass' | 'fail';
  note: string;
}

/** What is true of the review when a word is said. */
export interface ReviewFacts {
  claim: Claim | null;
  approvals: readonly Approval[];
  fourEyes: boolean;
  now: Date;
}

export type ReviewRefusal = 'not-in-review' | 'review-claimed' | 'second-reviewer-needed';

type About = Pick<AttemptFacts, 'id' | 'number'>;

export const isLive = (claim: Claim | null, now: Date): claim is Claim => claim !== null && claim.until > now;

/** Why a reviewer may not act now; null: he may. */
export function whyNot(
  session: Pick<SessionFacts, 'status'>,
  claim: Claim | null,
  reviewer: string,
  now: Date,
): 'not-in-review' | 'review-claimed' | null {
  if (session.status !== 'in-review') return 'not-in-review';
  return isLive(claim, now) && claim.by !== reviewer ? 'review-claimed' : null;
}

/** `approved`: said, and one more reviewer is needed. */
export type ReviewDecision = { kind: 'decided'; moved: Moved } | { kind: 'approved'; event: NewEvent } | ReviewRefusal;

/** A person decides on a held pass. One is enough to refuse it; with four eyes two different ones have to grant it. */
export function reviewPass(
  session: Pick<SessionFacts, 'status'>,
  attempt: About,
  { reviewer, decision, note }: Review,
  { claim, approvals, fourEyes, now }: ReviewFacts,
): ReviewDecision {
  const refusal = whyNot(session, claim, reviewer, now);
  if (refusal) return refusal;
  if (decision === 'fail') {
    return decided(attempt, 'fail', note, approvals, endSession('failed', 'failed-in-review', now));
  }
  if (fourEyes && !approvals.some(({ by }) => by !== reviewer)) {
    if (approvals.length > 0) return 'second-reviewer-needed';
    return { kind: 'approved', event: reviewEvent('review.approved', attempt, { reviewersNeeded: 1 }, note) };
  }
  return decided(attempt, 'pass', note, approvals, endSession('passed', null, now));
}

function decided(
  attempt: About,
  decision: Review['decision'],
  note: string,
  approvals: readonly Approval[],
  ended: ReturnType<typeof endSession>,
): ReviewDecision {
  const earlier = approvals.map(({ by }) => by);
  const data = { decision, ...(earlier.length > 0 ? { approvedBy: earlier } : {}) };
  const events = [reviewEvent('review.decided', attempt, data, note), ended.event];
  return { kind: 'decided', moved: { kind: 'moved', attempt: null, session: ended.session, events, next: null } };
}

/** @param note free text about a person, so it stands apart */
export function reviewEvent(type: EventType, attempt: About, data: NewEvent['data'], note?: string): NewEvent {
  const about = { number: attempt.number, ...data };
  return { type, attemptId: attempt.id, data: about, ...(note === undefined ? {} : { personal: { note } }) };
}
