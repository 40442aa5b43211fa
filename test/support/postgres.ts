/** PostgreSQL servers and databases for tests. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';
import { postgresPrograms } from './programs.js';
import { ServerProcess } from './server-process.js';
import { temporaryFolder } from './temporary-folder.js';

/** Enough for three workers that run a few services each, with two pools of 16 connections per service. */
const connections = 450;

/** An own server with an empty data folder, durable as by default, that trusts everybody on 127.0.0.1. */
export async function startPostgres(): Promise<ServerProcess> {
  const programs = postgresPrograms();
  if (!programs) throw new Error('PostgreSQL (initdb, postgres) is not installed');
  const user = unprivilegedUser();
  const folder = temporaryFolder('postgres');
  if (user) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  // --no-sync concerns the empty cluster alone, not the server that runs on it.
  const initdbArgs = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(programs.initdb, initdbArgs, { cwd: folder, stdio: 'pipe', ...user });

  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const args = ['-D', data, '-h', '127.0.0.1', '-p', `${port}`, '-N', `${connections}`];
  return ServerProcess.start({
    name: 'PostgreSQL',
    url,
    program: programs.postgres,
    args: [...args, '-c', 'unix_socket_directories='],
    folder,
    ...(user ? { user } : {}),
    // "Fast": ends sessions instead of waiting for them.
    stopSignal: 'SIGINT',
    answers: () => answers(url),
  });
}

/** A fresh database for one suite. `drop` ends the connections that are left. */
export async function createDatabase(serverUrl: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(serverUrl, `drop database if exists ${name} with (force)`) };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // The query rejects; the event comes beside it, and would be nobody's.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await onServer(url, 'select 1');
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => numberOf(flag, name));
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
}

function numberOf(flag: string, user: string): number | undefined {
  try {
    return Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return undefined;
  }
}
