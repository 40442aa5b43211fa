import { describe, expect, it } from '@jest/globals';
import { type Confirmation, confirmPass, reviewPass } from '../../src/attempts/pass.js';
import { type SessionStatus, sessionStatuses } from '../../src/attempts/states.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const attempt = { id: 'att_this', number: 2 };
const confirming = { status: 'in-review', reason: 'confirming' } as const;
const passed = { status: 'passed', reason: null } as const;

describe("the session API's word on a pass", () => {
  it.each<[Confirmation, SessionStatus, string | null]>([
    ['approved', 'passed', null],
    ['rejected', 'in-review', 'disputed'],
    ['undecided', 'in-review', 'disputed'],
    ['unknown-token', 'in-review', 'disputed'],
    ['unreachable', 'in-review', 'unconfirmed'],
  ])('%s makes a session that waits for it %s', (said, status, reason) => {
    const moved = confirmPass(confirming, attempt, said, now);
    expect(moved?.session).toMatchObject({ status, reason });
    expect(moved?.events.at(-1)).toEqual({ type: `session.${status}`, attemptId: null, data: { reason } });
  });

  it.each<Confirmation>(['rejected', 'undecided', 'unknown-token'])('%s is journaled and flagged', (said) => {
    for (const session of [confirming, passed]) {
      const moved = confirmPass(session, attempt, said, now);
      expect(moved?.signals).toEqual(['disputed']);
      expect(moved?.events.slice(0, 2)).toEqual([
        { type: 'attempt.disputed', attemptId: 'att_this', data: { number: 2, said } },
        { type: 'risk.flagged', attemptId: 'att_this', data: { signal: 'disputed', number: 2 } },
      ]);
    }
  });

  it('never takes back a pass that was granted', () => {
    for (const said of ['approved', 'rejected', 'undecided', 'unknown-token', 'unreachable'] as const) {
      expect(confirmPass(passed, attempt, said, now)?.session ?? null).toBeNull();
    }
  });

  it('does not free a pass that is held for another reason', () => {
    expect(confirmPass({ status: 'in-review', reason: 'subject-locked' }, attempt, 'approved', now)).toBeNull();
  });
});

describe("a person's word on a held pass", () => {
  it.each([
    ['pass', 'passed', null],
    ['fail', 'failed', 'failed-in-review'],
  ] as const)('%s makes it %s', (decision, status, reason) => {
    const moved = reviewPass(confirming, attempt, { decision, note: 'looked at both photos' }, now);
    expect(moved).toMatchObject({ kind: 'moved', session: { status, reason, endedAt: now } });
    if (moved === 'not-in-review') throw new Error(moved);
    expect(moved.events).toEqual([
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
    expect(reviewPass({ status }, attempt, { decision: 'pass', note: 'x' }, now)).toBe('not-in-review');
  });
});
