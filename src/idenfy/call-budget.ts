/**
 * The hourly budget of calls to iDenfy (IDENFY_REQUESTS_PER_HOUR), which all replicas share. It counts calls, not jobs.
 * Reads of the session API may spend at most half of it, so that codes can always be issued.
 *
 * The count is a row in the database. A process leases calls from it in small blocks, so most calls need no query.
 * Calls that a process leases but does not use are lost at the end of the window.
 */
import type { Clock } from '../core/clock.js';

/** `issuing`: eligibility, create, identification; `reading`: the session API. */
export type Purpose = 'issuing' | 'reading';

/** The budget as the client sees it. */
export interface CallBudget {
  /**
   * Takes one call from the budget. Use it just before the call.
   * @returns null: the call may be made; otherwise the seconds until the next window
   */
  take(purpose: Purpose): Promise<number | null>;
}

/** For a client without a budget. */
export const unlimited: CallBudget = { take: () => Promise.resolve(null) };

const windowMs = 3_600_000;

/** The number of calls that all replicas have leased. */
export interface Spent {
  windowStartedAt: Date;
  spent: number;
  spentOnReads: number;
}

/** How many calls reads may spend in a window. */
const readsPerHour = (perHour: number): number => Math.max(1, Math.floor(perHour / 2));

/**
 * How many calls a process leases at a time. With a small budget it is one, because other processes cannot make a call
 * that is leased but not used.
 */
export const blockSize = (perHour: number): number => (perHour < 400 ? 1 : Math.min(50, Math.floor(perHour / 200)));

/** Returns the count for the window of `now`: zero if the last window is over. */
export function current(spent: Spent, now: Date): Spent {
  const began = spent.windowStartedAt.getTime();
  // A replica's clock may be a little behind. If it is behind by more than a window, it was set back.
  const isOver = now.getTime() >= began + windowMs || now.getTime() < began - windowMs;
  return isOver ? { windowStartedAt: now, spent: 0, spentOnReads: 0 } : spent;
}

/** How many calls are left for a purpose. */
export function left({ spent, spentOnReads }: Spent, perHour: number, purpose: Purpose): number {
  const all = Math.max(0, perHour - spent);
  return purpose === 'issuing' ? all : Math.min(all, Math.max(0, readsPerHour(perHour) - spentOnReads));
}

/** Leases a block of calls. @returns `calls` is 0 if none is left; `after` is the count after the lease */
export function lease(spent: Spent, perHour: number, purpose: Purpose, now: Date): { calls: number; after: Spent } {
  const before = current(spent, now);
  const calls = Math.min(blockSize(perHour), left(before, perHour, purpose));
  const after = {
    windowStartedAt: before.windowStartedAt,
    spent: before.spent + calls,
    spentOnReads: before.spentOnReads + (purpose === 'reading' ? calls : 0),
  };
  return { calls, after };
}

/** Stores the count. */
export interface SpentCalls {
  /** Leases a block in one transaction. */
  lease(perHour: number, purpose: Purpose, now: Date): Promise<{ calls: number; after: Spent }>;
}

interface Lease {
  calls: number;
  windowEndsAt: number;
  /** the running request for a new block, which all waiting callers share */
  asking: Promise<number | null> | null;
}

/** The part of the budget that one process holds. */
export class LeasedCalls implements CallBudget {
  private readonly leases: Record<Purpose, Lease> = {
    issuing: { calls: 0, windowEndsAt: 0, asking: null },
    reading: { calls: 0, windowEndsAt: 0, asking: null },
  };

  constructor(
    private readonly spent: SpentCalls,
    private readonly perHour: number,
    private readonly clock: Clock,
  ) {}

  /** @throws DatabaseUnavailable */
  async take(purpose: Purpose): Promise<number | null> {
    const held = this.leases[purpose];
    for (;;) {
      if (held.calls > 0 && this.clock.now().getTime() < held.windowEndsAt) {
        held.calls -= 1;
        return null;
      }
      held.asking ??= this.renew(purpose, held).finally(() => (held.asking = null));
      const seconds = await held.asking;
      if (seconds !== null) return seconds;
    }
  }

  private async renew(purpose: Purpose, held: Lease): Promise<number | null> {
    const now = this.clock.now();
    const { calls, after } = await this.spent.lease(this.perHour, purpose, now);
    held.calls = calls;
    held.windowEndsAt = after.windowStartedAt.getTime() + windowMs;
    return calls > 0 ? null : Math.max(1, Math.ceil((held.windowEndsAt - now.getTime()) / 1000));
  }
}
