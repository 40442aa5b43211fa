import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { type Budget, capacityOf, perSecondOf } from './token-bucket.js';

/** By then every bucket is empty again, which is the same as no row: it drains in ten seconds, a chunk over in two more. */
const keptSeconds = 60;

/** The buckets that all processes share. */
@Injectable()
export class RequestBudgetsStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /**
   * Takes a chunk, all of it or nothing. A bucket that has anything left gives the whole chunk and is overdrawn for it,
   * so that one statement is enough; the overdraft is paid back before it gives again. Replicas' clocks may differ: a
   * late one drains nothing.
   * @returns whether the chunk was granted
   */
  async take(bucket: string, chunk: number, budget: Budget, now: Date): Promise<boolean> {
    const { count } = await this.database.query(
      `insert into request_budgets as kept (bucket, used, counted_at) values ($1, $2, $3)
       on conflict (bucket) do update set
         used = greatest(0, kept.used - $4 * greatest(0, extract(epoch from $3 - kept.counted_at))) + $2,
         counted_at = greatest(kept.counted_at, $3)
       where kept.used - $4 * greatest(0, extract(epoch from $3 - kept.counted_at)) < $5`,
      [bucket, chunk, now, perSecondOf(budget), capacityOf(budget)],
    );
    return count === 1;
  }

  /** Forgets what has not been used for a minute, addresses with it. */
  async purge(now: Date): Promise<void> {
    await this.database.query('delete from request_budgets where counted_at < $1', [
      new Date(now.getTime() - keptSeconds * 1000),
    ]);
  }
}
