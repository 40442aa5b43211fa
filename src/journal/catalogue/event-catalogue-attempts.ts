import {
  attemptNumber as number,
  type EventDescription,
  exampleOutcome,
  examplePersonal,
  openStates as from,
  outcome,
  selfiePersonal,
} from './event-catalogue-entry.js';
import { count, instant, listOf, object, oneOf, orNull, text } from './event-catalogue-schema.js';

const ofAttempt = { since: 1, session: 'always', attempt: 'always' } as const;

/** A result that grants nothing. */
const refusedResult = {
  ...ofAttempt,
  data: object({
    number,
    state: text('The state of the attempt, which stays.'),
    reason: oneOf(
      ['mismatched-session', 'session-closed', 'superseded', 'already-final', 'not-allowed-from-state'],
      'Why it does not count; the first that applies.',
    ),
    outcome,
    earlier: orNull(outcome),
  }),
  personal: selfiePersonal,
} as const;

export const attemptEvents = {
  'attempt.requested': {
    ...ofAttempt,
    summary: 'A code is being requested from iDenfy.',
    data: object({
      number,
      because: oneOf(['created', 'asked', 'failed', 'expired', 'canceled'], 'What led to it.'),
    }),
    example: { data: { number: 2, because: 'failed' } },
  },
  'attempt.issued': {
    ...ofAttempt,
    summary: 'iDenfy gave the code.',
    data: object({ number, from, issuedAt: instant(), expiresAt: instant('When the code is over.') }),
    example: {
      data: {
        number: 1,
        from: 'requested',
        issuedAt: '2026-01-15T10:00:00.120Z',
        expiresAt: '2026-01-15T10:30:00.120Z',
      },
    },
  },
  'attempt.awaiting-selfie': {
    ...ofAttempt,
    summary: 'The code was handed out.',
    data: object({ number, from }),
    example: { data: { number: 1, from: 'issued' } },
  },
  'attempt.passed': {
    ...ofAttempt,
    summary: 'The face matched.',
    data: object({ number, from, outcome }),
    personal: selfiePersonal,
    example: {
      data: { number: 2, from: 'awaiting-selfie', outcome: { ...exampleOutcome, status: 'SUCCESS', failReason: null } },
      personal: examplePersonal,
    },
  },
  'attempt.retry': {
    ...ofAttempt,
    summary: 'It did not pass. A new attempt follows while some are left.',
    data: object({ number, from, outcome }),
    personal: selfiePersonal,
    example: { data: { number: 1, from: 'awaiting-selfie', outcome: exampleOutcome }, personal: examplePersonal },
  },
  'attempt.void': {
    ...ofAttempt,
    summary: 'It ended without a verdict.',
    data: object(
      {
        number,
        from,
        reason: text('`superseded`, `canceled`, `lifetime-over`, or why no code could be had.'),
        detail: text('What iDenfy said, where no code could be had.'),
      },
      ['detail'],
    ),
    example: { data: { number: 1, from: 'awaiting-selfie', reason: 'superseded' } },
  },
  'attempt.late-result': {
    ...refusedResult,
    summary: 'A result came after we had ended the attempt. It grants nothing.',
    example: {
      data: { number: 1, state: 'void', reason: 'superseded', outcome: exampleOutcome, earlier: null },
      personal: examplePersonal,
    },
  },
  'attempt.conflict': {
    ...refusedResult,
    summary: 'A result contradicts an earlier one, or what was asked for. It grants nothing.',
    example: {
      data: {
        number: 1,
        state: 'retry',
        reason: 'already-final',
        outcome: { ...exampleOutcome, status: 'SUCCESS', failReason: null },
        earlier: exampleOutcome,
      },
      personal: examplePersonal,
    },
  },
  'attempt.disputed': {
    ...ofAttempt,
    summary: 'iDenfy’s session API does not confirm the pass that its webhook reported (CONFIRM_PASS, or a late pass).',
    data: object({ number, said: oneOf(['rejected', 'undecided', 'unknown-token']) }),
    example: { data: { number: 1, said: 'rejected' } },
  },
  'attempt.orphaned': {
    ...ofAttempt,
    summary:
      'iDenfy has sessions for this scanRef that no attempt uses or will use. Either the answer to a create call was lost or had no usable code, or the attempt ended before its code came, or the sessions belong to another product on the same account.',
    data: object({ number, count: count('Number of sessions found.', 1) }),
    example: { data: { number: 1, count: 1 } },
  },
  'review.claimed': {
    ...ofAttempt,
    summary: 'A reviewer has claimed a held pass for a while.',
    data: object({ number, until: instant('When the claim ends by itself.') }),
    example: { data: { number: 1, until: '2026-01-15T10:30:00.000Z' } },
  },
  'review.released': {
    ...ofAttempt,
    summary: 'The reviewer has given the held pass back.',
    data: object({ number }),
    example: { data: { number: 1 } },
  },
  'review.noted': {
    ...ofAttempt,
    summary: 'A reviewer has written a note.',
    data: object({ number }),
    personal: object({ note: text() }),
    example: { data: { number: 1 }, personal: { note: 'Waiting for a call back.' } },
  },
  'review.approved': {
    ...ofAttempt,
    summary: 'One reviewer would grant the held pass; another one is needed (REVIEW_FOUR_EYES).',
    data: object({ number, reviewersNeeded: count('How many more.', 1) }),
    personal: object({ note: text('Why.') }),
    example: { data: { number: 1, reviewersNeeded: 1 }, personal: { note: 'Called the customer.' } },
  },
  'review.decided': {
    ...ofAttempt,
    summary: 'A person has decided on a held pass.',
    data: object(
      {
        number,
        decision: oneOf(['pass', 'fail']),
        approvedBy: listOf(text(), 'Ids of the API keys that had approved before (REVIEW_FOUR_EYES).'),
      },
      ['approvedBy'],
    ),
    personal: object({ note: text('Why.') }),
    example: { data: { number: 1, decision: 'pass' }, personal: { note: 'Called the customer.' } },
  },
} satisfies Record<string, EventDescription>;
