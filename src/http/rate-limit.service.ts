import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { addressBlock } from './address-block.js';
import { RequestBudgetsStore } from './request-budgets.store.js';
import type { Principal } from './scopes.js';
import {
  afterOutage,
  afterTrade,
  type Budget,
  newShare,
  refuses,
  retryAfterSeconds,
  type Share,
  spend,
} from './token-bucket.js';

/** A flood from many addresses must not fill the memory: the bucket that was not used for longest is forgotten. */
const bucketsMax = 10_000;

/** Longer than this no request waits for the common bucket; it is let through instead. */
const patienceMs = 250;

interface Entry {
  share: Share;
  /** while the common bucket is asked; all who need its answer wait for the same one */
  trade: Promise<void> | null;
}

/**
 * Requests of a key and failed authentications of an address, counted across all processes. A database that does not
 * answer refuses nobody.
 */
@Injectable()
export class RateLimits {
  private readonly logger = new Logger(RateLimits.name);
  /** least recently used first */
  private readonly entries = new Map<string, Entry>();

  constructor(
    @Inject(RequestBudgetsStore) private readonly budgets: RequestBudgetsStore,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, 'http'>,
  ) {}

  /** An authenticated request. @returns null to let it through, or the seconds after which to try again */
  request(principal: Principal): Promise<number | null> {
    const bucket = principal.kind === 'api-key' ? principal.id : `client-token:${principal.sessionId}`;
    return this.count(bucket, { perMinute: this.settings.http.requestsPerKeyPerMinute });
  }

  /** A request whose authentication has failed. */
  failedAuthentication(address: string): Promise<number | null> {
    const { bucket, perMinute } = this.failuresOf(address);
    return this.count(bucket, { perMinute });
  }

  /**
   * Whether the address is turned away now, because it has failed too often. Counts nothing, and does not wait.
   * @returns null if it is not turned away; otherwise the seconds after which to try again
   */
  turnsAway(address: string): number | null {
    const budget = this.failuresOf(address);
    const entry = this.entries.get(budget.bucket);
    return entry && refuses(entry.share, this.nowMs()) ? retryAfterSeconds(budget) : null;
  }

  private failuresOf(address: string): Budget & { bucket: string } {
    return { bucket: `address:${addressBlock(address)}`, perMinute: this.settings.http.failuresPerAddressPerMinute };
  }

  private async count(bucket: string, budget: Budget): Promise<number | null> {
    if (budget.perMinute === 0) return null;
    const entry = this.entryOf(bucket, budget);
    for (;;) {
      const { verdict, share } = spend(entry.share, this.nowMs());
      entry.share = share;
      if (verdict === 'allowed') return null;
      if (verdict === 'refused') return retryAfterSeconds(budget);
      entry.trade ??= this.trade(bucket, entry, budget).finally(() => (entry.trade = null));
      await entry.trade;
    }
  }

  /** Never throws: what it could not ask is in the share. */
  private async trade(bucket: string, entry: Entry, budget: Budget): Promise<void> {
    const asked = this.budgets.take(bucket, entry.share.chunk, budget, this.clock.now());
    try {
      const granted = await inTime(asked);
      entry.share = afterTrade(entry.share, budget, granted, this.nowMs());
    } catch (error) {
      entry.share = afterOutage(entry.share, this.nowMs());
      this.logger.debug(`request budgets: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private entryOf(bucket: string, budget: Budget): Entry {
    const entry = this.entries.get(bucket) ?? { share: newShare(budget, this.nowMs()), trade: null };
    this.entries.delete(bucket);
    this.entries.set(bucket, entry);
    if (this.entries.size > bucketsMax) {
      const [oldest] = this.entries.keys();
      if (oldest !== undefined) this.entries.delete(oldest);
    }
    return entry;
  }

  private nowMs(): number {
    return this.clock.now().getTime();
  }
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
