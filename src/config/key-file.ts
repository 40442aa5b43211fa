/** One secret in one file, which only its owner can read. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../core/make-folder.js';

/**
 * Reads the file. If it does not exist, makes it first, with its folder (mode 700).
 *
 * @throws the system's error when it can be neither read nor made
 */
export function readOrCreateKeyFile(file: string, generate: () => string): { text: string; created: boolean } {
  const found = readKeyFile(file);
  if (found !== null) return { text: found, created: false };
  makeFolder(dirname(file), 0o700);
  const created = create(file, generate());
  return { text: readFileSync(file, 'utf8').trim(), created };
}

/** @returns null if there is no such file @throws the system's error if the file cannot be read */
export function readKeyFile(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * The file gets its name only when it is whole and on the disk: a process that starts beside us must not read half a
 * key, and a power cut must not leave an empty one.
 *
 * @returns false when another process was quicker: then its key is the one
 */
function create(file: string, text: string): boolean {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    sync(openSync(draft, 'wx', 0o600), `${text}\n`);
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  // Windows cannot open a folder.
  if (process.platform !== 'win32') sync(openSync(dirname(file), 'r'));
  return true;
}

function sync(descriptor: number, text?: string): void {
  try {
    if (text !== undefined) writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
