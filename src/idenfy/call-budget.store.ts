import { Inject, Injectable } from '@nestjs/common';
import { Database, type Queryable } from '../database/database.js';
import { current, lease, type Purpose, type Spent, type SpentCalls } from './call-budget.js';

/** Stores the row that counts the calls of all replicas. */
@Injectable()
export class CallBudgetStore implements SpentCalls {
  constructor(@Inject(Database) private readonly database: Database) {}

  lease(perHour: number, purpose: Purpose, now: Date): Promise<{ calls: number; after: Spent }> {
    return this.database.transaction(async (tx) => {
      const leased = lease(await this.read(tx, 'for update'), perHour, purpose, now);
      const { windowStartedAt, spent, spentOnReads } = leased.after;
      if (leased.calls > 0) {
        await tx.query('update call_budget set window_started_at = $1, spent = $2, spent_on_reads = $3 where one', [
          windowStartedAt,
          spent,
          spentOnReads,
        ]);
      }
      return leased;
    });
  }

  /** Returns how many calls all replicas have spent in the window of `now`. */
  async spent(now: Date): Promise<Spent> {
    return current(await this.read(this.database), now);
  }

  private async read(from: Queryable, lock = ''): Promise<Spent> {
    const { rows } = await from.query<Spent>(
      `select window_started_at as "windowStartedAt", spent, spent_on_reads as "spentOnReads"
         from call_budget where one ${lock}`,
    );
    const [row] = rows;
    if (!row) throw new Error('the table call_budget has no row: insert it again (migration 0021)');
    return row;
  }
}
