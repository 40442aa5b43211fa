import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addressBlock } from '../../src/http/address-block.js';
import {
  afterOutage,
  afterTrade,
  type Budget,
  capacityOf,
  freeTokensOf,
  largestChunkOf,
  newShare,
  perSecondOf,
  retryAfterSeconds,
  type Share,
  spend,
} from '../../src/http/token-bucket.js';

/** The common bucket, as the store keeps it. */
class CommonBucket {
  trades = 0;
  private used = 0;
  private countedAtMs = 0;

  constructor(private readonly budget: Budget) {}

  take(chunk: number, nowMs: number): boolean {
    this.trades += 1;
    const drained = Math.max(0, this.used - (perSecondOf(this.budget) * (nowMs - this.countedAtMs)) / 1000);
    if (drained >= capacityOf(this.budget)) return false;
    this.used = drained + chunk;
    this.countedAtMs = nowMs;
    return true;
  }
}

/** Processes on one common bucket. */
class Processes {
  readonly common: CommonBucket;
  private readonly shares: Share[];

  constructor(
    private readonly budget: Budget,
    count: number,
  ) {
    this.common = new CommonBucket(budget);
    this.shares = Array.from({ length: count }, () => newShare(budget, 0));
  }

  /** One request at a process. @returns whether it is let through */
  ask(at: number, nowMs: number): boolean {
    for (;;) {
      const { verdict, share } = spend(this.shares[at]!, nowMs);
      this.shares[at] = share;
      if (verdict !== 'trade') return verdict === 'allowed';
      this.shares[at] = afterTrade(share, this.budget, this.common.take(share.chunk, nowMs), nowMs);
    }
  }
}

/** What a minute may let through at most, as the documentation says. */
const most = (budget: Budget, processes: number): number =>
  budget.perMinute + capacityOf(budget) + (processes + 1) * largestChunkOf(budget) + processes * freeTokensOf(budget);

describe('a budget of requests', () => {
  it('never refuses a poller at half the rate, over however many processes its requests go', () => {
    const cases = fc.record({
      perMinute: fc.integer({ min: 12, max: 60_000 }),
      count: fc.integer({ min: 1, max: 8 }),
      offset: fc.nat(7),
    });
    fc.assert(
      fc.property(cases, ({ perMinute, count, offset }) => {
        const processes = new Processes({ perMinute }, count);
        const everyMs = 120_000 / perMinute;
        for (let n = 0; n < 1000; n += 1) expect(processes.ask((n * (offset + 1)) % count, n * everyMs)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('lets a flood through at the rate and what is documented above it, over however many processes', () => {
    const cases = fc.record({ perMinute: fc.integer({ min: 6, max: 6000 }), count: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(cases, ({ perMinute, count }) => {
        const budget = { perMinute };
        const processes = new Processes(budget, count);
        let through = 0;
        for (let n = 0; n < perMinute * 4; n += 1) {
          if (processes.ask(n % count, (n * 60_000) / (perMinute * 4))) through += 1;
        }
        expect(through).toBeLessThanOrEqual(most(budget, count));
        expect(through).toBeGreaterThanOrEqual(perMinute * 0.9);
      }),
      { numRuns: 40 },
    );
  });

  it('takes up a burst of ten seconds at once', () => {
    const processes = new Processes({ perMinute: 6000 }, 1);
    const answers = Array.from({ length: 1000 }, () => processes.ask(0, 0));
    expect(answers).not.toContain(false);
  });

  it('asks the common bucket about once a second, in a flood too', () => {
    const processes = new Processes({ perMinute: 6000 }, 1);
    // 150 a second where 100 are allowed.
    for (let n = 0; n < 150 * 60; n += 1) processes.ask(0, (n * 1000) / 150);
    expect(processes.common.trades).toBeLessThan(3 * 60);
    const poller = new Processes({ perMinute: 6000 }, 1);
    for (let n = 0; n < 50 * 60; n += 1) poller.ask(0, n * 20);
    expect(poller.common.trades).toBeLessThan(70);
  });

  it('asks nothing for a stray request', () => {
    const processes = new Processes({ perMinute: 600 }, 1);
    for (let n = 0; n < 10; n += 1) processes.ask(0, n);
    expect(processes.common.trades).toBe(0);
  });

  it('says to wait until there is a token again, at least a second', () => {
    expect([6000, 60, 59, 6, 1].map((perMinute) => retryAfterSeconds({ perMinute }))).toEqual([1, 1, 2, 10, 60]);
  });
});

describe('a share', () => {
  const budget = { perMinute: 6 };
  const empty: Share = { ...newShare(budget, 0), tokens: 0 };

  it('that was refused asks again after a second, and refuses until then', () => {
    const refused = afterTrade(empty, budget, false, 5000);
    expect([5000, 5999, 6000].map((now) => spend(refused, now).verdict)).toEqual(['refused', 'refused', 'trade']);
  });

  it('lets everything through for a second when the common bucket does not answer', () => {
    const out = afterOutage(empty, 5000);
    expect([5000, 5999, 6000].map((now) => spend(out, now).verdict)).toEqual(['allowed', 'allowed', 'trade']);
  });

  it('asks for chunks that follow the use: larger when they last for less than a second, smaller for more than two', () => {
    const large = { perMinute: 6000 };
    const chunks = [100, 200, 300, 3000, 4500, 9000].reduce<Share[]>(
      (shares, now) => [...shares, afterTrade(shares.at(-1)!, large, true, now)],
      [{ ...newShare(large, 0), tokens: 0 }],
    );
    expect(chunks.map(({ chunk }) => chunk)).toEqual([1, 2, 4, 8, 4, 4, 2]);
  });

  it('never asks for a chunk of more than two seconds', () => {
    let share: Share = { ...newShare({ perMinute: 60 }, 0), tokens: 0 };
    for (let n = 0; n < 5; n += 1) share = afterTrade(share, { perMinute: 60 }, true, n);
    expect(share.chunk).toBe(2);
  });
});

describe('the block that counts as one client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::', '2001:db8:0:0::/64'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::203.0.113.7', '64:ff9b:0:0::/64'],
    ['1:2:3::4:203.0.113.7', '1:2:3:0::/64'],
    ['nonsense', 'nonsense'],
  ])('of %s is %s', (address, block) => {
    expect(addressBlock(address)).toBe(block);
  });
});
