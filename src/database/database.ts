/**
 * The database as the rest of the service sees it: `query`, `transaction`, and whether it can be reached. PostgreSQL or
 * the embedded PGlite, behind the same interface of node-postgres. Only this folder and queue/ know which of the two it
 * is.
 */
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import { Listener } from './listener.js';
import { asDatabaseError, DatabaseUnavailable, isRetryable, isSqlError, withoutWrapping } from './database-errors.js';

/** Typed queries (Drizzle) on a pool or inside a transaction. */
type Orm = NodePgDatabase;

/** Anything that a store can run a statement on. */
export interface Queryable {
  readonly orm: Orm;
  query<Row extends QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<{ rows: Row[]; count: number }>;
}

/** One open transaction. */
export interface Transaction extends Queryable {
  /** Runs `action` after the commit, and never if the transaction fails. Must not throw. */
  afterCommit(action: () => void): void;
}

/** A client that gives its errors their classes. Drizzle needs only `query`. */
class NamingClient {
  constructor(
    private readonly client: { query: unknown },
    private readonly named: (error: unknown) => Error,
  ) {}

  async query(...args: unknown[]): Promise<QueryResult> {
    try {
      return await (this.client.query as (...args: unknown[]) => Promise<QueryResult>).apply(this.client, args);
    } catch (error) {
      throw this.named(error);
    }
  }
}

export class Queries implements Queryable {
  private readonly naming: NamingClient;
  private lazyOrm: Orm | undefined;

  /** @param client a pool or one of its clients @param named turns an error of the client into one of our classes */
  constructor(client: { query: unknown }, named: (error: unknown) => Error) {
    this.naming = new NamingClient(client, named);
  }

  get orm(): Orm {
    return (this.lazyOrm ??= drizzle(this.naming as unknown as PoolClient));
  }

  async query<Row extends QueryResultRow>(sql: string, values: readonly unknown[] = []) {
    const result = await this.naming.query(sql, values);
    return { rows: result.rows as Row[], count: result.rowCount ?? 0 };
  }
}

class OpenTransaction extends Queries implements Transaction {
  readonly actions: (() => void)[] = [];

  afterCommit(action: () => void): void {
    this.actions.push(action);
  }
}

/** How often a transaction runs, at most, if it ends in deadlocks or serialization failures. */
const attemptsMax = 4;

export class Database extends Queries {
  private readonly listeners = new Set<Listener>();
  private noticed: (error: Error) => void = () => undefined;

  constructor(
    readonly pool: Pool,
    /** embedded PGlite (true) or a PostgreSQL server */
    readonly embedded: boolean,
    private readonly closePool: () => Promise<void>,
  ) {
    super(pool, (error) => this.named(error));
  }

  /** @param noticed called with each error that may mean that the database is away; must not throw */
  onTrouble(noticed: (error: Error) => void): void {
    this.noticed = noticed;
    // Idle connections break, too.
    this.pool.on('error', noticed);
  }

  /**
   * Runs `work` in one transaction (READ COMMITTED) and its after-commit actions once it is durable. `work` may run
   * again after a deadlock, so it must have no effect outside the transaction.
   *
   * Every transaction locks rows in this order, so that no two wait for each other: webhooks, subject keys, sessions,
   * subjects, attempts. Several rows of one table are locked in the order of their keys.
   *
   * @throws DatabaseUnavailable when the database cannot be reached. Then a commit may or may not have happened, so
   *   every caller must be repeatable.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.runOnce(work);
      } catch (error) {
        if (attempt >= attemptsMax || !isRetryable(error)) throw error;
      }
    }
  }

  private async runOnce<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw this.named(error);
    });
    const tx = new OpenTransaction(client, (error) => this.named(error));
    let result: T;
    let broken = false;
    try {
      await tx.query('begin');
      result = await work(tx);
      await tx.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => (broken = true));
      const inner = withoutWrapping(error);
      throw isSqlError(inner) || inner instanceof DatabaseUnavailable ? inner : error;
    } finally {
      client.release(broken);
    }
    for (const action of tx.actions) action();
    return result;
  }

  private named(error: unknown): Error {
    const named = asDatabaseError(error);
    if (named instanceof DatabaseUnavailable) this.noticed(named.cause instanceof Error ? named.cause : named);
    return named;
  }

  /** Calls `heard` after each NOTIFY on the channel. Notifications are lost while the connection is away. */
  listen(channel: string, heard: () => void): { stop: () => void } {
    const listener = new Listener(this.pool, channel, heard);
    this.listeners.add(listener);
    return { stop: () => (this.listeners.delete(listener), listener.stop()) };
  }

  /** @throws DatabaseUnavailable */
  async ping(): Promise<void> {
    await this.query('select 1');
  }

  close(): Promise<void> {
    // A pool waits until its clients are returned.
    for (const listener of this.listeners) listener.stop();
    return this.closePool();
  }
}
