import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFilter } from '../../src/audit/read-filter.js';
import { kindsPerKeyMax, ReadLedger, type ReadSum, windowMs } from '../../src/audit/read-ledger.js';

const began = Date.UTC(2026, 2, 1);
const at = (seconds: number) => new Date(began + seconds * 1000);
const read = (seconds: number, rest: { keyId?: string; route?: string; nth?: number; rows?: number } = {}) => {
  const { nth = 0, ...given } = rest;
  return {
    keyId: 'key_a',
    platform: 'main',
    route: 'attempts.search',
    rows: 10,
    ...given,
    filter: { scanRef: `${nth}` },
    at: at(seconds),
  };
};
const short = ({ filter, reads, rows }: ReadSum) => ({ scanRef: filter?.scanRef ?? null, reads, rows });

describe('reads', () => {
  it('are told at once the first time, then in one sum when the minute is over', () => {
    const ledger = new ReadLedger();
    expect(ledger.add(read(0))).toMatchObject({ reads: 1, rows: 10, firstAt: at(0), lastAt: at(0) });
    expect(ledger.add(read(1))).toBeNull();
    expect(ledger.add(read(59))).toBeNull();
    expect(ledger.take(at(59.999))).toEqual([]);
    expect(ledger.take(at(60))).toEqual([
      expect.objectContaining({ reads: 2, rows: 20, firstAt: at(1), lastAt: at(59) }),
    ]);
  });

  it('are added up for another minute after a sum, and begin anew after a quiet one', () => {
    const ledger = new ReadLedger();
    ledger.add(read(0));
    ledger.add(read(1));
    ledger.take(at(60));
    expect(ledger.add(read(61))).toBeNull();
    expect(ledger.take(at(119))).toEqual([]);
    expect(ledger.take(at(120)).map(short)).toEqual([{ scanRef: '0', reads: 1, rows: 10 }]);
    expect(ledger.take(at(180))).toEqual([]);
    expect(ledger.add(read(181))).not.toBeNull();
  });

  it('are told apart by key, route and filter', () => {
    const ledger = new ReadLedger();
    const different = [read(0), read(0, { keyId: 'key_b' }), read(0, { route: 'events.list' }), read(0, { nth: 1 })];
    expect(different.map((one) => ledger.add(one) !== null)).toEqual([true, true, true, true]);
    expect(different.map((one) => ledger.add(one) !== null)).toEqual([false, false, false, false]);
  });

  it('of very many kinds are told as others, of each route, and never of another key', () => {
    const ledger = new ReadLedger();
    for (let nth = 0; nth < kindsPerKeyMax; nth += 1) expect(ledger.add(read(0, { nth }))?.filter).not.toBeNull();
    const told = Array.from({ length: 500 }, (_, nth) => ledger.add(read(1, { nth: kindsPerKeyMax + nth })));
    expect(told.flatMap((sum) => (sum ? [short(sum)] : []))).toEqual([{ scanRef: null, reads: 1, rows: 10 }]);
    expect(ledger.add(read(1, { keyId: 'key_b' }))?.filter).toEqual({ scanRef: '0' });
    expect(ledger.take(at(61)).map(short)).toEqual([{ scanRef: null, reads: 499, rows: 4990 }]);
  });

  it('of a stream that goes on are added up, with the range of all', () => {
    const ledger = new ReadLedger();
    const part = (seconds: number, firstPosition: number, lastPosition: number) => ({
      ...read(seconds, { rows: lastPosition - firstPosition + 1 }),
      firstPosition,
      lastPosition,
    });
    expect(ledger.add(part(0, 1, 100))).toMatchObject({ rows: 100, firstPosition: 1, lastPosition: 100 });
    expect(ledger.take(at(60))).toEqual([]);
    // After a quiet minute, the stream does not wait for the journal again.
    ledger.addPart(part(200, 101, 110));
    ledger.addPart(part(201, 111, 111));
    expect(ledger.take(at(259))).toEqual([]);
    expect(ledger.take(at(260))).toEqual([
      expect.objectContaining({ reads: 2, rows: 11, firstPosition: 101, lastPosition: 111, lastAt: at(201) }),
    ]);
  });

  it('are all taken when there is no more time', () => {
    const ledger = new ReadLedger();
    ledger.add(read(0));
    ledger.add(read(1));
    expect(ledger.take(null).map(short)).toEqual([{ scanRef: '0', reads: 1, rows: 10 }]);
    expect(ledger.take(null)).toEqual([]);
  });

  it('are not lost when they could not be told', () => {
    const ledger = new ReadLedger();
    ledger.add(read(0));
    ledger.add(read(1));
    const sums = ledger.take(at(60));
    ledger.add(read(62));
    ledger.putBack(sums);
    expect(ledger.take(at(120))).toEqual([
      expect.objectContaining({ reads: 2, rows: 20, firstAt: at(1), lastAt: at(62) }),
    ]);
  });

  it('are first again when the first could not be told and so was not answered', () => {
    const ledger = new ReadLedger();
    ledger.undo(ledger.add(read(0))!);
    const again = ledger.add(read(1));
    expect(again).not.toBeNull();
    ledger.add(read(2));
    ledger.undo(again!);
    expect(ledger.take(at(3)).map(short)).toEqual([{ scanRef: '0', reads: 1, rows: 10 }]);
  });

  it('are each told once, in at most one event a minute for each kind and route', () => {
    const some = fc.record({
      seconds: fc.integer({ min: 0, max: 40 }),
      nth: fc.integer({ min: 0, max: 2 * kindsPerKeyMax }),
      keyId: fc.constantFrom('key_a', 'key_b'),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 600, size: 'max' }), (asked) => {
        const ledger = new ReadLedger();
        const told: { sum: ReadSum; when: number }[] = [];
        let when = 0;
        for (const { seconds, ...rest } of asked) {
          when += seconds;
          for (const sum of ledger.take(at(when))) told.push({ sum, when });
          const first = ledger.add(read(when, rest));
          if (first) told.push({ sum: first, when });
        }
        for (const sum of ledger.take(null)) told.push({ sum, when: when + windowMs / 1000 });
        expect(told.reduce((total, { sum }) => total + sum.reads, 0)).toBe(asked.length);
        const last = new Map<string, number>();
        for (const { sum, when: then } of told) {
          const kind = JSON.stringify([sum.keyId, sum.route, sum.filter]);
          expect(then - (last.get(kind) ?? -Infinity)).toBeGreaterThanOrEqual(windowMs / 1000);
          last.set(kind, then);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('the filter in the access log', () => {
  it('tells no value that may be of a person or a secret, and nothing of pages', () => {
    const asked = {
      ip: '203.0.113.7',
      reference: 'r',
      token: 't',
      state: 'passed',
      cursor: 'c',
      limit: '5',
      after: '9',
    };
    expect(readFilter(asked)).toEqual({ ip: 'given', reference: 'given', token: 'given', state: 'passed' });
  });

  it('is the same in whatever order it was asked', () => {
    const [one, other] = [readFilter({ to: 'b', from: 'a' }), readFilter({ from: 'a', to: 'b' })];
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  });

  it('is short, whatever came', () => {
    const { scanRef, type } = readFilter({ scanRef: '\ud800'.repeat(9999), type: ['a', 'b'] });
    expect(scanRef).toHaveLength(200);
    expect(scanRef?.isWellFormed()).toBe(true);
    expect(type).toBe('a,b');
  });
});
