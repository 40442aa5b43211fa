import { describe, expect, it } from '@jest/globals';
import { Clock } from '../../src/core/clock.js';
import {
  blockSize,
  current,
  lease,
  LeasedCalls,
  left,
  type Purpose,
  type Spent,
} from '../../src/idenfy/call-budget.js';

const start = new Date('2026-03-01T12:00:00.000Z');
const at = (seconds: number): Date => new Date(start.getTime() + seconds * 1000);
const nothing: Spent = { windowStartedAt: new Date(0), spent: 0, spentOnReads: 0 };

class SetClock extends Clock {
  seconds = 0;
  now(): Date {
    return at(this.seconds);
  }
}

/** Keeps the shared count in memory. */
class Count {
  spent = nothing;
  asked = 0;
  async lease(perHour: number, purpose: Purpose, now: Date) {
    this.asked += 1;
    const leased = lease(this.spent, perHour, purpose, now);
    this.spent = leased.after;
    return leased;
  }
}

/** Takes many calls at once. @returns how many were allowed */
async function taken(budget: LeasedCalls, purpose: Purpose, calls: number): Promise<number> {
  const answers = await Promise.all(Array.from({ length: calls }, () => budget.take(purpose)));
  return answers.filter((seconds) => seconds === null).length;
}

describe('the budget of calls', () => {
  it.each([
    [1, 1],
    [399, 1],
    [400, 2],
    [10_000, 50],
    [10_000_000, 50],
  ])('of %d an hour is leased in blocks of %d', (perHour, block) => {
    expect(blockSize(perHour)).toBe(block);
  });

  it.each([1, 2, 7, 399, 400, 1001])(
    'of %d is never exceeded by several processes, and is spent in full',
    async (perHour) => {
      const count = new Count();
      const clock = new SetClock();
      const processes = [1, 2, 3].map(() => new LeasedCalls(count, perHour, clock));
      const calls = await Promise.all(processes.map((process) => taken(process, 'issuing', perHour)));
      expect(calls.reduce((sum, n) => sum + n, 0)).toBe(perHour);
    },
  );

  it.each([
    [1, 1],
    [2, 1],
    [9, 4],
    [1000, 500],
  ])('of %d lets reads spend %d, and leaves the rest for codes', async (perHour, reads) => {
    const budget = new LeasedCalls(new Count(), perHour, new SetClock());
    expect(await taken(budget, 'reading', perHour)).toBe(reads);
    expect(await taken(budget, 'issuing', perHour)).toBe(perHour - reads);
  });

  it('gives reads only what codes have left', async () => {
    const budget = new LeasedCalls(new Count(), 10, new SetClock());
    expect(await taken(budget, 'issuing', 8)).toBe(8);
    expect(await taken(budget, 'reading', 10)).toBe(2);
  });

  it('says when the next window begins, and allows calls then', async () => {
    const clock = new SetClock();
    const budget = new LeasedCalls(new Count(), 2, clock);
    expect(await taken(budget, 'issuing', 2)).toBe(2);
    clock.seconds = 600;
    expect(await budget.take('issuing')).toBe(3000);
    clock.seconds = 3600;
    expect(await budget.take('issuing')).toBeNull();
  });

  it('does not carry a lease into the next hour', async () => {
    const clock = new SetClock();
    const count = new Count();
    const budget = new LeasedCalls(count, 1000, clock);
    await budget.take('issuing');
    expect(count.spent.spent).toBe(5);
    clock.seconds = 3600;
    await budget.take('issuing');
    expect(count.spent).toEqual({ windowStartedAt: at(3600), spent: 5, spentOnReads: 0 });
  });

  it('uses the shared count once per block', async () => {
    const count = new Count();
    expect(await taken(new LeasedCalls(count, 10_000, new SetClock()), 'issuing', 200)).toBe(200);
    expect(count.asked).toBe(4);
  });

  it('starts a new window if the clock was set back by more than an hour, but not if a replica is a little behind', () => {
    const spent: Spent = { windowStartedAt: at(0), spent: 7, spentOnReads: 3 };
    expect(current(spent, at(-2))).toBe(spent);
    expect(left(current(spent, at(-3601)), 10, 'issuing')).toBe(10);
  });
});
