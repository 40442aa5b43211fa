import { describe, expect, it } from '@jest/globals';
import { type Reviewer, whyNotApprove, whyNotTogether } from '../../src/attempts/four-eyes.js';
import { type Claim, type Review, type ReviewFacts, reviewPass, whyNot } from '../../src/attempts/review.js';
import { reviewerOf } from '../support/history.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const later = new Date('2026-03-01T12:30:00.000Z');
const held = { status: 'in-review' } as const;
const attempt = { id: 'att_1', number: 2 };
const claimOf = (by: string, until = later): Claim => ({ by, at: now, until });
const free: ReviewFacts = { claim: null, approvals: [], fourEyes: false, heldAt: now, now };
const word = (key: string, decision: Review['decision']): Review => ({
  reviewer: reviewerOf(key),
  decision,
  note: 'seen',
});
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
  const approvals = [{ by: reviewerOf('key_1'), at: now }];

  it.each([
    ['the first pass is recorded', 'key_1', 'pass', [], 'approved'],
    ['the same key again does not count twice', 'key_1', 'pass', approvals, 'second-reviewer-needed'],
    ['a second reviewer grants it', 'key_2', 'pass', approvals, 'passed'],
    ['one is enough to refuse it', 'key_1', 'fail', [], 'failed'],
    ['who approved may still refuse it', 'key_1', 'fail', approvals, 'failed'],
    ['a second reviewer may refuse what the first would grant', 'key_2', 'fail', approvals, 'failed'],
  ] as const)('%s', (_, reviewer, decision, before, expected) => {
    expect(say(reviewer, decision, { fourEyes: true, approvals: before })).toBe(expected);
  });

  it('switched off, one reviewer is enough, also one who has said pass before', () => {
    expect(say('key_1', 'pass', { approvals })).toBe('passed');
  });

  it('an approval that breaks a rule of today does not count', () => {
    const before = [{ by: { ...reviewerOf('key_1'), owner: null }, at: now }];
    expect(say('key_2', 'pass', { fourEyes: true, approvals: before })).toBe('approved');
  });

  const key = (id: string, rest: Partial<Reviewer> = {}): Reviewer => ({ ...reviewerOf(id), ...rest });

  it.each([
    ['as old as the hold', key('key_1', { createdAt: now }), null],
    ['made after the hold', key('key_1', { createdAt: new Date(now.getTime() + 1) }), 'key-too-new'],
    ['without an owner', key('key_1', { owner: null }), 'no-owner'],
    ['whose owner is blank', key('key_1', { owner: '  ' }), 'no-owner'],
    ['without the scope review', key('key_1', { hasReviewScope: false }), 'admin-alone'],
  ])('a key %s approves or not: %#', (_, reviewer, expected) => {
    expect(whyNotApprove(reviewer, now)).toBe(expected);
  });

  const maker = (id: string, owner: string | null) => ({ id, owner });
  it.each([
    ['keys of two owners whom one administrator has made', [maker('key_0', null)], [maker('key_0', null)], null],
    ['keys of two owners whom a third person has made', [maker('key_0', 'Zoe')], [maker('key_0', 'Zoe')], null],
    ['a key and one that it made', [], [maker('key_1', 'x')], 'key-of-other-reviewer'],
    [
      'a key and one made by one that it made',
      [],
      [maker('key_5', null), maker('key_1', 'x')],
      'key-of-other-reviewer',
    ],
    [
      'a key and one made by another key of its owner',
      [],
      [maker('key_6', ' OWNER of key_1')],
      'key-of-other-reviewer',
    ],
  ] as const)('%s are two people or not: %#', (_, makers, othersMakers, expected) => {
    const [one, other] = [key('key_1', { makers }), key('key_2', { makers: othersMakers })];
    expect(whyNotTogether(one, other)).toBe(expected);
    expect(whyNotTogether(other, one)).toBe(expected);
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
