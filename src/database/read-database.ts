/**
 * The connections for searches, lists, exports, evidence and verification. They are few and apart from those of the
 * rest of the service, so that slow reads cannot keep the receiver of webhooks or a new session waiting. A read that gets
 * no connection in time, or takes too long, is refused as overloaded.
 */
import type { Pool, QueryResult } from 'pg';
import { NoTurn, Turns } from '../core/turns.js';
import { Queries, type Queryable } from './database.js';
import { asDatabaseError, DatabaseBusy, isCanceled } from './database-errors.js';

/** Number of statements that run at the same time, each on its own connection. */
export const readsAtOnce = 4;
/** Less than for the rest of the service, because nobody waits longer for a search. */
export const readTimeoutSeconds = 15;

/** How long a request waits for a connection before it is refused. */
const patienceMs = 3_000;
/** For a page of an export that has begun. By then at least one other statement has ended or was stopped. */
const longPatienceMs = (readTimeoutSeconds + 5) * 1000;

export class ReadDatabase extends Queries {
  private constructor(
    private readonly pool: Pick<Pool, 'query'>,
    private readonly turns: Turns,
    patience: number,
    private readonly closePool: () => Promise<void>,
  ) {
    super(new TurnTakingPool(pool, turns, patience), nameOf);
  }

  static on(pool: Pick<Pool, 'query'>, closePool: () => Promise<void>): ReadDatabase {
    return new ReadDatabase(pool, new Turns(readsAtOnce), patienceMs, closePool);
  }

  /** The same connections, for work of many statements, which waits longer so that it does not fail half-way. */
  forLongWork(): Queryable {
    return new ReadDatabase(this.pool, this.turns, longPatienceMs, this.closePool);
  }

  close(): Promise<void> {
    return this.closePool();
  }
}

class TurnTakingPool {
  constructor(
    private readonly pool: Pick<Pool, 'query'>,
    private readonly turns: Turns,
    private readonly patienceMs: number,
  ) {}

  query(...args: unknown[]): Promise<QueryResult> {
    const ask = this.pool.query as (...args: unknown[]) => Promise<QueryResult>;
    return this.turns.run(() => ask.apply(this.pool, args), this.patienceMs);
  }
}

function nameOf(error: unknown): Error {
  if (error instanceof NoTurn) return new DatabaseBusy('all connections for reads are in use', error);
  if (isCanceled(error)) return new DatabaseBusy('the query took too long', error);
  return asDatabaseError(error);
}
