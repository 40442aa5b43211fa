/** Opens the embedded database: PGlite in a folder, held by one process at a time. */
import { createHash } from 'node:crypto';
import { realpathSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import pg from 'pg';
import { makeFolder } from '../core/make-folder.js';
import { PglitePool } from './pglite-pool.js';

/** The schema of BullMQ's tables. It comes after ours in the search path of the one session. */
export const queueSchema = 'bullmq';

export async function openEmbedded(dataDir: string): Promise<{ pool: PglitePool; close: () => Promise<void> }> {
  const folder = join(dataDir, 'database');
  makeFolder(folder, 0o700);
  const lock = await lockFolder(folder);
  try {
    const lite = await PGlite.create(folder);
    const client = new pg.Client(createPgConfig(lite));
    await client.connect();
    await client.query(`set search_path = public, ${queueSchema}`);
    const pool = new PglitePool(lite, client);
    const close = async () => {
      await pool.end();
      await new Promise((resolve) => lock.close(resolve));
    };
    return { pool, close };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Two PGlite processes on one folder would destroy it. The lock is a listening local socket: the system lets go of it
 * when its process dies, however it dies, so no stale lock is ever left behind.
 */
async function lockFolder(folder: string): Promise<Server> {
  const address = lockAddress(folder);
  const first = await tryListen(address);
  if (first) return first;
  if (await answers(address)) throw new FolderInUse(folder);
  rmSync(address, { force: true });
  const second = await tryListen(address);
  if (second) return second;
  throw new FolderInUse(folder);
}

export class FolderInUse extends Error {
  constructor(folder: string) {
    super(
      `the embedded database in ${folder} is in use by another process; ` +
        'use another FACECODE_DATA_DIR, or PostgreSQL (DATABASE_URL) for more than one process',
    );
    this.name = 'FolderInUse';
  }
}

function lockAddress(folder: string): string {
  const real = realpathSync(folder);
  const name = `facecode-${createHash('sha256').update(real).digest('hex').slice(0, 16)}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  const inside = join(real, '..', 'lock.sock');
  // The longest address of a Unix socket is 103 bytes on macOS, 107 on Linux.
  return Buffer.byteLength(inside) <= 100 ? inside : join(tmpdir(), `${name}.sock`);
}

function tryListen(address: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(address, () => resolve(server));
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}
