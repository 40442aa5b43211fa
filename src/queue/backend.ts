/**
 * Where BullMQ keeps its jobs: in Redis if REDIS_URL is set, otherwise in our own database, with its PostgreSQL
 * backend.
 */
import {
  type ConnectionOptions,
  createPostgresBackend,
  createRedisBackend,
  type PgQueryable,
  runMigrations,
  setDefaultBackendFactory,
} from 'bullmq';
import { Cluster, Redis } from 'ioredis';
import type { Pool } from 'pg';
import type { Settings } from '../config/settings.js';
import { serverPool } from '../database/connect.js';
import type { Database } from '../database/database.js';
import { queueSchema } from '../database/embedded.js';
import { MigrationsPending } from '../database/migrate.js';

export interface QueueBackend {
  readonly kind: 'redis' | 'postgresql';
  readonly connection: ConnectionOptions;
  /**
   * @param noticed called with each error that may mean that Redis is away; Database.onTrouble does this for the
   *   database
   */
  onTrouble(noticed: (why: string) => void): void;
  /** Whether a command that is sent now will probably arrive. */
  reachable(): boolean;
  /** @throws if the store does not answer */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Every Worker and QueueEvents keeps one connection to listen on. The others are for commands. */
const poolSize = 16;
const searchPath = `${queueSchema},public`;

export async function openQueueBackend(settings: Settings, database: Database): Promise<QueueBackend> {
  return settings.redis.urls.length > 0 ? openRedis(settings.redis.urls) : openPostgres(settings, database);
}

async function openPostgres(settings: Settings, database: Database): Promise<QueueBackend> {
  const { url, migrateOnStart } = settings.database;
  const pool = url === null ? database.pool : serverPool(url, poolSize, { searchPath });
  if (migrateOnStart) await migrateQueues(pool);
  else await refuseWithoutQueues(database);
  setDefaultBackendFactory(createPostgresBackend);
  return {
    kind: 'postgresql',
    connection: pool as unknown as ConnectionOptions,
    onTrouble: () => undefined,
    reachable: () => true,
    ping: () => database.ping(),
    close: async () => {
      if (pool !== database.pool) await pool.end();
    },
  };
}

/** Migrates BullMQ's own tables, if BullMQ keeps its jobs in the database. */
export async function migrateQueueBackend(
  settings: Pick<Settings, 'database' | 'redis'>,
  database: Database,
): Promise<void> {
  const { url } = settings.database;
  if (settings.redis.urls.length > 0) return;
  if (url === null) return migrateQueues(database.pool);
  const pool = serverPool(url, 1, { searchPath });
  try {
    await migrateQueues(pool);
  } finally {
    await pool.end();
  }
}

/** @throws MigrationsPending */
async function refuseWithoutQueues(database: Database): Promise<void> {
  const { rows } = await database.query<{ there: boolean }>('select to_regnamespace($1) is not null as there', [
    queueSchema,
  ]);
  if (!rows[0]?.there) throw new MigrationsPending(["BullMQ's tables"]);
}

/** Runs BullMQ's own migrations, under BullMQ's advisory lock. */
async function migrateQueues(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await runMigrations(client as unknown as PgQueryable, queueSchema);
  } finally {
    client.release();
  }
}

async function openRedis(urls: readonly string[]): Promise<QueueBackend> {
  setDefaultBackendFactory(createRedisBackend);
  const client = urls.length === 1 ? singleRedis(urls[0]!) : redisCluster(urls);
  // Without a listener a lost connection would end the process. /readyz shows the state.
  let lastError: Error | null = null;
  client.on('error', (error: Error) => (lastError = error));
  return {
    kind: 'redis',
    connection: client,
    onTrouble: (noticed) => {
      const tell = () => noticed(lastError?.message || 'the connection was closed');
      client.on('close', tell);
      if (client.status !== 'ready') tell();
    },
    reachable: () => client.status === 'ready',
    ping: async () => {
      if (client.status !== 'ready') throw new Error(`Redis connection is ${client.status}`);
      await client.ping();
    },
    close: async () => client.disconnect(),
  };
}

/** BullMQ requires unlimited retries, so that a worker survives any outage of Redis. */
const retry = { maxRetriesPerRequest: null, retryStrategy: (times: number) => Math.min(times * 100, 1000) };

function singleRedis(url: string): Redis {
  return new Redis(url, retry);
}

function redisCluster(urls: readonly string[]): Cluster {
  const first = new URL(urls[0]!);
  return new Cluster(
    urls.map((url) => {
      const { hostname, port } = new URL(url);
      return { host: hostname, port: Number(port || 6379) };
    }),
    {
      clusterRetryStrategy: retry.retryStrategy,
      redisOptions: {
        maxRetriesPerRequest: null,
        ...(first.username ? { username: decodeURIComponent(first.username) } : {}),
        ...(first.password ? { password: decodeURIComponent(first.password) } : {}),
        ...(first.protocol === 'rediss:' ? { tls: {} } : {}),
      },
    },
  );
}
