/**
 * A `pg.Pool` in shape over one PGlite (PostgreSQL in WebAssembly). PGlite has a single session, so statements and
 * transactions of the pool's clients take turns; a client that only listens never holds the turn.
 */
import { EventEmitter } from 'node:events';
import type { PGlite } from '@electric-sql/pglite';
import type { Client, QueryConfig, QueryResult } from 'pg';

type Statement = string | QueryConfig;

const textOf = (statement: Statement): string => (typeof statement === 'string' ? statement : statement.text);
const withoutComments = (sql: string): string => sql.replaceAll(/--[^\n]*\n|\/\*[\s\S]*?\*\//g, ' ').trim();
const opens = /^(begin|start\s+transaction)\b/i;
const ends = /^(commit|rollback|end|abort)\b(?!\s+to\b)/i;
const listens = /^listen\b/i;

/**
 * node-postgres hands a query's type parsers down as if they were its list of parameter types. A server's serializer
 * finds no length in them; PGlite's wants a list, so they come as an empty one that also parses.
 */
function withTypesAsList(statement: Statement): Statement {
  if (typeof statement === 'string' || !statement.types) return statement;
  return { ...statement, types: Object.assign([], statement.types) };
}

/** Hands the one session from holder to holder, first come, first served. */
class Turn {
  private tail: Promise<void> = Promise.resolve();

  async take(): Promise<() => void> {
    let release!: () => void;
    const before = this.tail;
    this.tail = new Promise((resolve) => (release = resolve));
    await before;
    return release;
  }
}

export class PglitePool extends EventEmitter {
  private readonly turn = new Turn();
  /** BullMQ looks here to learn whether a dropped connection would be noticed; in the process none can drop. */
  readonly options = { keepAlive: true };

  /** @param client a node-postgres client connected to `lite`: it converts values just as it does for a server. */
  constructor(
    readonly lite: PGlite,
    private readonly client: Client,
  ) {
    super();
    // Every queue and worker of BullMQ listens for the errors of its pool.
    this.setMaxListeners(0);
  }

  async query(statement: Statement, values?: readonly unknown[]): Promise<QueryResult> {
    const release = await this.turn.take();
    try {
      return await this.run(statement, values);
    } finally {
      release();
    }
  }

  connect(): Promise<PgliteClient> {
    return Promise.resolve(new PgliteClient(this, this.turn));
  }

  /** Runs at once; the caller has the turn. */
  run(statement: Statement, values?: readonly unknown[]): Promise<QueryResult> {
    return this.client.query(withTypesAsList(statement) as string, values as unknown[] | undefined);
  }

  async end(): Promise<void> {
    const release = await this.turn.take();
    try {
      await this.client.end();
      await this.lite.close();
    } finally {
      release();
    }
  }
}

/** One user of the pool: takes the turn for each statement, or from BEGIN to COMMIT. Its own statements queue up. */
class PgliteClient extends EventEmitter {
  private releaseTurn: (() => void) | null = null;
  private stopListening: (() => void) | null = null;
  /** of the statement before; never rejects */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly pool: PglitePool,
    private readonly turn: Turn,
  ) {
    super();
  }

  query(statement: Statement, values?: readonly unknown[]): Promise<QueryResult> {
    const result = this.last.then(() => this.runNext(statement, values));
    this.last = result.catch(() => undefined);
    return result;
  }

  private async runNext(statement: Statement, values?: readonly unknown[]): Promise<QueryResult> {
    const sql = withoutComments(textOf(statement));
    if (listens.test(sql)) this.listen();
    if (opens.test(sql) && !this.releaseTurn) this.releaseTurn = await this.turn.take();
    if (!this.releaseTurn) return this.pool.query(statement, values);
    try {
      return await this.pool.run(statement, values);
    } finally {
      if (ends.test(sql)) this.giveTurnBack();
    }
  }

  /** What is under way goes on; a transaction that was left open is rolled back after it. */
  release(): void {
    void this.rollBackWhatIsOpen();
    this.stopListening?.();
    this.removeAllListeners();
  }

  private async rollBackWhatIsOpen(): Promise<void> {
    await this.last;
    if (this.releaseTurn) await this.pool.run('rollback').catch(() => undefined);
    this.giveTurnBack();
  }

  end(): Promise<void> {
    this.release();
    return Promise.resolve();
  }

  private giveTurnBack(): void {
    this.releaseTurn?.();
    this.releaseTurn = null;
  }

  /** The one session hears every channel; who listens here sorts them by name, as BullMQ does. */
  private listen(): void {
    this.stopListening ??= this.pool.lite.onNotification((channel, payload) =>
      this.emit('notification', { channel, payload }),
    );
  }
}
