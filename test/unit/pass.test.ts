import { describe, expect, it } from '@jest/globals';
import { type Confirmation, confirmPass as confirm } from '../../src/attempts/pass.js';
import { type ReviewFacts, reviewPass } from '../../src/attempts/review.js';
import { type SessionStatus, sessionStatuses } from '../../src/attempts/states.js';
import { reviewerOf } from '../support/history.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const attempt = { id: 'att_this', number: 2, signals: [] };
const confirming = { status: 'in-review', reason: 'confirming', signals: [] } as const;
const passed = { status: 'passed', reason: null, signals: [] } as const;
const nobody: ReviewFacts = { claim: null, approvals: [], fourEyes: false, heldAt: now, now };

/** Without a policy that holds. */
const confirmPass = (session: Parameters<typeof confirm>[0], about: typeof attempt, said: Confirmation) =>
  confirm(session, about, said, { now, hold: [] });

describe("the session API's word on a pass", () => {
  it.each<[Confirmation, SessionStatus, string | null]>([
    ['approved', 'passed', null],
    ['rejected', 'in-review', 'disputed'],
    ['undecided', 'in-review', 'disputed'],
    ['unknown-token', 'in-review', 'disputed'],
    ['unreachable', 'in-review', 'unconfirmed'],
  ])('%s makes a session that waits for it %s', (said, status, reason) => {
    const moved = confirmPass(confirming, attempt, said);
    expect(moved?.session).toMatchObject({ status, reason });
    expect(moved?.events.at(-1)).toEqual({ type: `session.${status}`, attemptId: null, data: { reason } });
  });

  it.each<Confirmation>(['rejected', 'undecided', 'unknown-token'])('%s is recorded and flagged', (said) => {
    for (const session of [confirming, passed]) {
      const moved = confirmPass(session, attempt, said);
      expect(moved?.signals).toEqual(['disputed']);
      expect(moved?.events.slice(0, 2)).toEqual([
        { type: 'attempt.disputed', attemptId: 'att_this', data: { number: 2, said } },
        { type: 'risk.flagged', attemptId: 'att_this', data: { signal: 'disputed', number: 2 } },
      ]);
    }
  });

  it('never takes back a pass that was granted', () => {
    for (const said of ['approved', 'rejected', 'undecided', 'unknown-token', 'unreachable'] as const) {
      expect(confirmPass(passed, attempt, said)?.session ?? null).toBeNull();
    }
  });

  it('does not free a pass that is held for another reason', () => {
    expect(confirmPass({ ...confirming, reason: 'subject-locked' }, attempt, 'approved')).toBeNull();
  });
});

describe("a person's word on a held pass", () => {
  it.each([
    ['pass', 'passed', null],
    ['fail', 'failed', 'failed-in-review'],
  ] as const)('%s makes it %s', (decision, status, reason) => {
    const review = { reviewer: reviewerOf('key_1'), decision, note: 'looked at both photos' };
    const decided = reviewPass(confirming, attempt, review, nobody);
    if (typeof decided === 'string' || decided.kind !== 'decided') throw new Error(JSON.stringify(decided));
    expect(decided.moved).toMatchObject({ kind: 'moved', session: { status, reason, endedAt: now } });
    expect(decided.moved.events).toEqual([
      {
        type: 'review.decided',
        attemptId: 'att_this',
        data: { number: 2, decision },
        personal: { note: 'looked at both photos' },
      },
      { type: `session.${status}`, attemptId: null, data: { reason } },
    ]);
  });

  it.each(sessionStatuses.filter((status) => status !== 'in-review'))('is not asked for while %s', (status) => {
    const review = { reviewer: reviewerOf('key_1'), decision: 'pass', note: 'x' } as const;
    expect(reviewPass({ status }, attempt, review, nobody)).toBe('not-in-review');
  });
});
