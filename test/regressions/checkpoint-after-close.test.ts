/**
 * A checkpoint that was sealed while the workers were being closed was written to FACECODE_DATA_DIR after the service had
 * closed: into a folder that was no longer the service's.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, jest } from '@jest/globals';
import { CodesEvents } from '../../src/queue/codes-events.js';
import { JOURNAL_KEY } from '../../src/journal/tree/journal-key.js';
import { OutsideCheckpoints } from '../../src/journal/tree/outside-checkpoints.js';
import { type NoteSigner, signCheckpoint } from '../../src/journal/tree/signed-note.js';
import { startTestService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';

it('the newest checkpoint is in its file when the service has closed, however late it was sealed', async () => {
  const folder = temporaryFolder('late-checkpoint');
  const file = join(folder, 'journal.checkpoint');
  const { service, close } = await startTestService({ FACECODE_DATA_DIR: folder });
  const { app } = service;
  const outside = app.get(OutsideCheckpoints, { strict: false });
  const signer = app.get<NoteSigner>(JOURNAL_KEY, { strict: false });
  const note = signCheckpoint({ origin: signer.name, size: 1000, root: Buffer.alloc(32, 1) }, signer);

  // As the last job of a worker does it, on a disk that takes its time.
  const events = app.get(CodesEvents, { strict: false });
  const shutDown = events.onApplicationShutdown.bind(events);
  jest.spyOn(events, 'onApplicationShutdown').mockImplementation(() => {
    outside.remember(note);
    return shutDown();
  });
  const disk = outside as unknown as { replaceFile: (text: string) => Promise<void> };
  const replaceFile = disk.replaceFile.bind(outside);
  jest.spyOn(disk, 'replaceFile').mockImplementation(async (text) => {
    for (let turns = 0; turns < 5000; turns += 1) await turn();
    await replaceFile(text);
  });
  await close();
  expect(readFileSync(file, 'utf8')).toBe(note);
  rmSync(folder, { recursive: true, force: true });
});
