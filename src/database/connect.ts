/** Opens the database the settings name. */
import pg from 'pg';
import type { Settings } from '../config/settings.js';
import { Database } from './database.js';
import { openEmbedded } from './embedded.js';
import { ReadDatabase, readsAtOnce, readTimeoutSeconds } from './read-database.js';

/** Seconds a caller waits for a connection before it hears that the database is away. */
const connectTimeoutSeconds = 5;
/** Making one takes the server a process; those that are not used for so long are given back. */
const idleTimeoutSeconds = 60;
const statementTimeoutSeconds = 30;
const poolSize = 16;

export async function connectDatabase(settings: Pick<Settings, 'database' | 'dataDir'>): Promise<Database> {
  const { url } = settings.database;
  if (url === null) {
    const { pool, close } = await openEmbedded(settings.dataDir);
    return new Database(pool as unknown as pg.Pool, true, close);
  }
  const pool = serverPool(url, poolSize);
  return new Database(pool, false, () => pool.end());
}

/** @param database already open; the embedded one has a single connection, which is then shared */
export function openReadDatabase({ database: { url } }: Pick<Settings, 'database'>, database: Database): ReadDatabase {
  if (url === null) return ReadDatabase.on(database.pool, () => Promise.resolve());
  const pool = serverPool(url, readsAtOnce, { timeoutSeconds: readTimeoutSeconds });
  return ReadDatabase.on(pool, () => pool.end());
}

interface PoolOptions {
  /** schema to use instead of the role's own */
  searchPath?: string;
  /** limit for each statement */
  timeoutSeconds?: number;
}

export function serverPool(
  url: string,
  size: number,
  { searchPath, timeoutSeconds = statementTimeoutSeconds }: PoolOptions = {},
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    connectionTimeoutMillis: connectTimeoutSeconds * 1000,
    idleTimeoutMillis: idleTimeoutSeconds * 1000,
    statement_timeout: timeoutSeconds * 1000,
    // A server that vanished without a word must not hold a request for ever.
    query_timeout: (timeoutSeconds + 5) * 1000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'facecode',
    ...(searchPath === undefined ? {} : { options: `-c search_path=${searchPath}` }),
  });
  // A connection that drops is replaced at the next use, and who used it hears of it by the rejected query. Without
  // listeners it would end the process: the pool's own listens while a client is idle only.
  pool.on('error', () => undefined);
  // Every queue and worker of BullMQ listens for itself.
  pool.setMaxListeners(0);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Settings of the server under which an answered request could be lost after all. */
export async function unsafeDurability(database: Database): Promise<string[]> {
  if (database.embedded) return [];
  const { rows } = await database.query<{ name: string; setting: string }>(
    `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')`,
  );
  return rows.filter(({ setting }) => setting === 'off').map(({ name }) => name);
}
