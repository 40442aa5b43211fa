/** What reviewers may do with a held pass: claim it, note, say pass or fail. Pure, like ./attempt.ts. */
import type { EventType } from '../journal/event-types.js';
import type { NewEvent } from '../journal/journal-event.js';
import type { AttemptFacts, Moved, SessionFacts } from './decision.js';
import {
  type Approval,
  counting,
  type FourEyesRefusal,
  type Reviewer,
  whyNotApprove,
  whyNotDecide,
  whyNotTogether,
} from './four-eyes.js';
import { endSession } from './session.js';

/** Which API key has reserved a held pass, until when. */
export interface Claim {
  by: string;
  at: Date;
  until: Date;
}

export interface Review {
  reviewer: Reviewer;
  decision: 'pass' | 'fail';
  note: string;
}

/** What is true of the review when a word is said. */
export interface ReviewFacts {
  claim: Claim | null;
  approvals: readonly Approval[];
  fourEyes: boolean;
  /** when the pass was first held */
  heldAt: Date;
  now: Date;
}

export type ReviewRefusal = 'not-in-review' | 'review-claimed' | FourEyesRefusal;

type About = Pick<AttemptFacts, 'id' | 'number'>;

export const isLive = (claim: Claim | null, now: Date): claim is Claim => claim !== null && claim.until > now;

/** Why a reviewer may not act now; null if they may. */
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

/** A person decides on a held pass. One person is enough to refuse it; with four eyes two people must grant it. */
export function reviewPass(
  session: Pick<SessionFacts, 'status'>,
  attempt: About,
  { reviewer, decision, note }: Review,
  { claim, approvals, fourEyes, heldAt, now }: ReviewFacts,
): ReviewDecision {
  const refusal = whyNot(session, claim, reviewer.id, now) ?? (fourEyes ? whyNotDecide(reviewer) : null);
  if (refusal) return refusal;
  const earlier = fourEyes ? counting(approvals, heldAt) : approvals;
  if (decision === 'fail') {
    return decided(attempt, 'fail', note, earlier, endSession('failed', 'failed-in-review', now));
  }
  if (fourEyes) {
    const alone = whyNotApprove(reviewer, heldAt);
    if (alone) return alone;
    const [first] = earlier;
    if (!first)
      return { kind: 'approved', event: reviewEvent('review.approved', attempt, { reviewersNeeded: 1 }, note) };
    const together = whyNotTogether(first.by, reviewer);
    if (together) return together;
  }
  return decided(attempt, 'pass', note, earlier, endSession('passed', null, now));
}

function decided(
  attempt: About,
  decision: Review['decision'],
  note: string,
  earlier: readonly Approval[],
  ended: ReturnType<typeof endSession>,
): ReviewDecision {
  const approvedBy = earlier.map(({ by }) => by.id);
  const data = { decision, ...(approvedBy.length > 0 ? { approvedBy } : {}) };
  const events = [reviewEvent('review.decided', attempt, data, note), ended.event];
  return { kind: 'decided', moved: { kind: 'moved', attempt: null, session: ended.session, events, next: null } };
}

/** @param note free text about a person, so it stands apart */
export function reviewEvent(type: EventType, attempt: About, data: NewEvent['data'], note?: string): NewEvent {
  const about = { number: attempt.number, ...data };
  return { type, attemptId: attempt.id, data: about, ...(note === undefined ? {} : { personal: { note } }) };
}
