/** An empty embedded database to copy: making one anew takes seconds. */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { temporaryFolder } from './temporary-folder.js';

/** Set by the global setup, removed by its teardown; absent when a suite runs without them. */
const template = process.env.FACECODE_TEST_EMBEDDED_TEMPLATE;

/** Puts an empty database where the service looks for it. */
export async function prepareEmbedded(dataDir: string): Promise<void> {
  if (!template || existsSync(join(dataDir, 'database'))) return;
  if (!existsSync(template)) await make(template);
  mkdirSync(dataDir, { recursive: true });
  cpSync(template, join(dataDir, 'database'), { recursive: true });
}

/** Workers that come together each make one; the first to finish wins. */
async function make(target: string): Promise<void> {
  const own = temporaryFolder('template');
  const lite = await PGlite.create(own);
  await lite.close();
  try {
    renameSync(own, target);
  } catch {
    rmSync(own, { recursive: true, force: true });
  }
}
