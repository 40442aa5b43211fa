import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { waitFor } from './wait-for.js';

export const repository = resolve(import.meta.dirname, '../..');

/** Longer than any build takes: a lock of that age belongs to a worker that was killed. */
const lockSeconds = 120;

/** Brings dist up to date. Workers that call this at once wait for the one that builds. */
export async function ensureBuilt(): Promise<void> {
  const lock = join(tmpdir(), `facecode-build-${createHash('sha256').update(repository).digest('hex').slice(0, 16)}`);
  await waitFor(() => takeLock(lock), { what: 'another worker to build dist', withinSeconds: lockSeconds });
  try {
    if (isStale()) await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: repository });
  } finally {
    rmdirSync(lock);
  }
}

function isStale(): boolean {
  const built = changedAt(join(repository, 'dist', 'main.js'));
  if (built === 0 || changedAt(join(repository, 'dist', 'facecode-verify.mjs')) === 0) return true;
  const sources = readdirSync(join(repository, 'src'), { recursive: true, encoding: 'utf8' });
  return sources.some((file) => changedAt(join(repository, 'src', file)) > built);
}

function takeLock(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (Date.now() - changedAt(lock) > lockSeconds * 1000) rmdirSync(lock);
    return false;
  }
}

/** Milliseconds since the epoch; 0 when there is no such file. */
const changedAt = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
