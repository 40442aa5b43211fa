/**
 * The hourly budget of calls to iDenfy (IDENFY_REQUESTS_PER_HOUR), which all replicas share. It counts calls, not jobs.
 * Reads of the session API may spend half of it at most, so that codes can always be issued.
 *
 * The count is a row of the database. A process leases calls from it in small blocks and spends them by itself, so most
 * calls cost no statement. What a process has leased and does not use is lost at the end of the window.
 */
import type { Clock } from '../core/clock.js';

/** `issuing`: eligibility, create, identification; `reading`: the session API. */
export type Purpose = 'issuing' | 'reading';

/** What the client needs of the budget. */
export interface CallBudget {
  /**
   * Takes one call. Ask just before the call.
   * @returns null: the call may be made; otherwise the seconds until the budget begins anew
   */
  take(purpose: Purpose): Promise<number | null>;
}

/** For a client without a budget. */
export const unlimited: CallBudget = { take: () => Promise.resolve(null) };

const windowMs = 3_600_000;

/** What all replicas have leased together. */
export interface Spent {
  windowStartedAt: Date;
  spent: number;
  spentOnReads: number;
}

/** How many calls reads may spend in a window. */
const readsPerHour = (perHour: number): number => Math.max(1, Math.floor(perHour / 2));

/**
 * How many calls a process leases at a time. With a small budget it is one, because each call that is leased and not
 * used is missing elsewhere.
 */
export const blockSize = (perHour: number): number => (perHour < 400 ? 1 : Math.min(50, Math.floor(perHour / 200)));

/** What is spent in the window of `now`; a window that is over counts no longer. */
export function current(spent: Spent, now: Date): Spent {
  const began = spent.windowStartedAt.getTime();
  // A replica's clock may be a little behind. More than a window ahead, it was set back.
  const isOver = now.getTime() >= began + windowMs || now.getTime() < began - windowMs;
  return isOver ? { windowStartedAt: now, spent: 0, spentOnReads: 0 } : spent;
}

/** How many calls are left for a purpose. */
export function left({ spent, spentOnReads }: Spent, perHour: number, purpose: Purpose): number {
  const all = Math.max(0, perHour - spent);
  return purpose === 'issuing' ? all : Math.min(all, Math.max(0, readsPerHour(perHour) - spentOnReads));
}

/** A block of calls; 0: none is left. @returns also what is spent afterwards */
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

/** Where the count lives. */
export interface SpentCalls {
  /** Leases a block in one transaction. */
  lease(perHour: number, purpose: Purpose, now: Date): Promise<{ calls: number; after: Spent }>;
}

interface Lease {
  calls: number;
  windowEndsAt: number;
  /** while the count is asked; everybody who needs the answer waits for the same one */
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
