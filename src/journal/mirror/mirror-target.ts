/** Writes a checkpoint to a place outside the service's own database. */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../core/make-folder.js';
import { acceptancesOf } from '../tree/signed-note.js';
import { mirrorFileName } from './mirror-file.js';

const timeoutMs = 10_000;

export type MirrorTarget = { readonly folder: string } | { readonly url: string };

/** The mirror has a checkpoint of that size already, and it is another one: a history was rewritten. */
export class MirrorDiffers extends Error {}

/** Durable when it resolves; the same checkpoint may be brought again. @throws Error when it is not there for sure */
export function bring(target: MirrorTarget, size: number, note: string): Promise<void> {
  return 'folder' in target ? write(target.folder, size, note) : post(target.url, note);
}

async function write(folder: string, size: number, note: string): Promise<void> {
  makeFolder(folder);
  const unfinished = join(folder, `.${randomUUID()}.unfinished`);
  try {
    await writeDurably(unfinished, note);
    await keep(unfinished, join(folder, mirrorFileName(size, acceptancesOf(note))), size, note);
    await rename(unfinished, join(folder, 'latest'));
    await sync(folder);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Under its size, once and for good: unlike a rename, a link never takes the place of what is there. */
async function keep(unfinished: string, file: string, size: number, note: string): Promise<void> {
  try {
    await link(unfinished, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if ((await readFile(file, 'utf8')) === note) return;
    throw new MirrorDiffers(`it has another checkpoint of size ${size}: the journal or the mirror was rewritten`);
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names in a folder are durable when the folder is. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function post(url: string, note: string): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  const answer = await fetch(url, { method: 'POST', headers, body: note, redirect: 'manual', signal });
  await answer.body?.cancel();
  if (answer.status === 409) throw new MirrorDiffers('it answered 409');
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
}
