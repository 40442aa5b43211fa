import { describe, expect, it } from '@jest/globals';
import { type Claim, type Review, type ReviewFacts, reviewPass, whyNot } from '../../src/attempts/review.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const later = new Date('2026-03-01T12:30:00.000Z');
const held = { status: 'in-review' } as const;
const attempt = { id: 'att_1', number: 2 };
const claimOf = (by: string, until = later): Claim => ({ by, at: now, until });
const free: ReviewFacts = { claim: null, approvals: [], fourEyes: false, now };
const word = (reviewer: string, decision: Review['decision']): Review => ({ reviewer, decision, note: 'seen' });
const say = (reviewer: string, decision: Review['decision'], facts: Partial<ReviewFacts>) => {
  const decided = reviewPass(held, attempt, word(reviewer, decision), { ...free, ...facts });
  if (typeof decided === 'string') return decided;
  return decided.kind === 'approved' ? 'approved' : decided.moved.session?.status;
};

describe('a claim', () => {
  it.each([
    ['nobody', null, null],
    ['oneself', claimOf('key_1'), null],
    ['somebody else', claimOf('key_2'), 'review-claimed'],
    ['somebody else, but until now', claimOf('key_2', now), null],
  ])('of %s: %j', (_, claim, refusal) => {
    expect(whyNot(held, claim, 'key_1', now)).toBe(refusal);
    expect(whyNot({ status: 'passed' }, claim, 'key_1', now)).toBe('not-in-review');
    expect(say('key_1', 'pass', { claim })).toBe(refusal ?? 'passed');
    expect(say('key_1', 'fail', { claim })).toBe(refusal ?? 'failed');
  });
});

describe('four eyes', () => {
  const approvals = [{ by: 'key_1', at: now }];

  it.each([
    ['the first pass is recorded', 'key_1', 'pass', [], 'approved'],
    ['the same key again does not count twice', 'key_1', 'pass', approvals, 'second-reviewer-needed'],
    ['a second reviewer grants it', 'key_2', 'pass', approvals, 'passed'],
    ['one is enough to refuse it', 'key_1', 'fail', [], 'failed'],
    ['who has said pass may think better of it', 'key_1', 'fail', approvals, 'failed'],
    ['a second reviewer may refuse what the first would grant', 'key_2', 'fail', approvals, 'failed'],
  ] as const)('%s', (_, reviewer, decision, before, expected) => {
    expect(say(reviewer, decision, { fourEyes: true, approvals: before })).toBe(expected);
  });

  it('switched off, one reviewer is enough, also one who has said pass before', () => {
    expect(say('key_1', 'pass', { approvals })).toBe('passed');
  });

  it('tells of both in the decision', () => {
    const decided = reviewPass(held, attempt, word('key_2', 'pass'), { ...free, fourEyes: true, approvals });
    if (typeof decided === 'string' || decided.kind !== 'decided') throw new Error(JSON.stringify(decided));
    expect(decided.moved.events[0]).toEqual({
      type: 'review.decided',
      attemptId: 'att_1',
      data: { number: 2, decision: 'pass', approvedBy: ['key_1'] },
      personal: { note: 'seen' },
    });
  });
});
