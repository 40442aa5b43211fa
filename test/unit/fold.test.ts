import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fold } from '../../src/attempts/fold.js';
import { history, type Stored } from '../support/history.js';

const made = (type: Stored['type'], seq: number, data: Stored['data'], attemptId: string | null = 'att_1'): Stored => ({
  type,
  attemptId,
  seq,
  at: `2026-03-01T12:00:0${seq}.000Z`,
  data,
});

const toIssued = [
  made('session.created', 1, {}, null),
  made('attempt.requested', 2, { number: 1, because: 'created' }),
  made('attempt.issued', 3, { number: 1, issuedAt: '2026-03-01T12:00:03.000Z', expiresAt: '2026-03-01T12:30:03.000Z' }),
];

describe('the fold of a history', () => {
  it('is the state that its decisions led to, for any inputs in any order', () => {
    fc.assert(
      fc.property(history, ({ events, rows }) => {
        expect(fold(events)).toEqual(rows);
      }),
      { numRuns: 500 },
    );
  });

  it('was tried on histories that reach every state of an attempt and most ends of a session', () => {
    const reached = fc.sample(history, { numRuns: 2000, seed: 1 }).map(({ rows }) => rows);
    const states = new Set(reached.flatMap(({ attempts }) => attempts.map(({ state }) => state)));
    expect([...states].sort()).toEqual(['awaiting-selfie', 'issued', 'passed', 'requested', 'retry', 'void']);
    const statuses = new Set(reached.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([
      'active',
      'canceled',
      'expired',
      'failed',
      'identification-required',
      'in-review',
      'passed',
      'pending',
      'rejected',
    ]);
    expect(Math.max(...reached.map(({ attempts }) => attempts.length))).toBe(5);
  });

  it('of every beginning of a history is a state, too', () => {
    fc.assert(
      fc.property(history, fc.nat(), ({ events }, cut) => {
        const length = cut % (events.length + 1);
        expect(fold(events.slice(0, length)).seq).toBe(length);
      }),
    );
  });

  it('does not change when it is taken again', () => {
    fc.assert(
      fc.property(history, ({ events }) => {
        const before = structuredClone(events);
        expect(fold(events)).toEqual(fold(events));
        expect(events).toEqual(before);
      }),
    );
  });

  it('throws when any event but the last is missing, at its gap', () => {
    fc.assert(
      fc.property(history, fc.nat(), ({ events }, nth) => {
        const missing = nth % (events.length - 1);
        const gap = `event ${missing + 2} stands where ${missing + 1} was expected`;
        expect(() => fold(events.filter((_, index) => index !== missing))).toThrow(gap);
      }),
    );
  });

  it('throws when an event stands twice or two have changed places', () => {
    expect(() => fold([...toIssued, toIssued[2]!])).toThrow('event 3 stands where 4 was expected');
    expect(() => fold([toIssued[0]!, toIssued[2]!, toIssued[1]!])).toThrow('event 3 stands where 2 was expected');
  });

  it('throws when an attempt was never requested', () => {
    const stray = made('attempt.issued', 2, {}, 'att_9');
    expect(() => fold([toIssued[0]!, stray])).toThrow('attempt.issued tells of att_9, which was never requested');
  });

  it.each(['attempt.late-result', 'attempt.conflict', 'attempt.disputed'] as const)('%s moves nothing', (type) => {
    const ended = [...toIssued, made('attempt.retry', 4, { number: 1, outcome: { status: 'FAILED' } })];
    const told = made(type, 5, { number: 1, reason: 'already-final', outcome: { status: 'SUCCESS' } });
    expect(fold([...ended, told])).toEqual({ ...fold(ended), seq: 5 });
  });

  it.each(['risk.flagged', 'review.decided', 'subject.locked'] as const)('%s moves nothing', (type) => {
    expect(fold([...toIssued, made(type, 4, {}, null)])).toEqual({ ...fold(toIssued), seq: 4 });
  });

  it('keeps a session open that is in review', () => {
    const reviewed = fold([...toIssued, made('session.in-review', 4, { reason: 'never-revealed' }, null)]);
    expect(reviewed).toMatchObject({ status: 'in-review', reason: 'never-revealed', endedAt: null });
  });

  it('of nothing is a pending session without attempts', () => {
    expect(fold([])).toEqual({ seq: 0, status: 'pending', reason: null, endedAt: null, attempts: [] });
  });
});
