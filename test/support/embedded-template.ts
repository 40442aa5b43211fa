/** Embedded databases to copy: making or migrating one anew takes seconds. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { connectDatabase } from '../../src/database/connect.js';
import { migrate } from '../../src/database/migrate.js';
import { temporaryFolder } from './temporary-folder.js';

/** Set by the global setup, removed by its teardown; absent when a suite runs without them. */
const templates = process.env.FACECODE_TEST_EMBEDDED_TEMPLATE;

/** Puts a migrated database without any row where the service looks for it. */
export async function prepareEmbedded(dataDir: string): Promise<void> {
  await copy(dataDir, 'migrated', async (made) => {
    await prepareEmpty(made);
    const database = await connectDatabase({ database: { url: null, migrateOnStart: true }, dataDir: made });
    await migrate(database);
    await database.close();
  });
}

/** Puts a database without any table where the service looks for it. */
export async function prepareEmpty(dataDir: string): Promise<void> {
  await copy(dataDir, 'empty', async (made) => {
    mkdirSync(made, { recursive: true });
    const lite = await PGlite.create(join(made, 'database'));
    // Nobody makes a second database from them, and they are two thirds of the files that each suite copies and removes.
    for (const unused of ['template0', 'template1']) {
      await lite.exec(`alter database ${unused} is_template false`);
      await lite.exec(`drop database ${unused}`);
    }
    await lite.close();
  });
}

/** Workers that come together each make the template; the first to finish wins. */
async function copy(dataDir: string, name: string, make: (dataDir: string) => Promise<void>): Promise<void> {
  if (!templates || existsSync(join(dataDir, 'database'))) return;
  const template = join(templates, name);
  if (!existsSync(template)) {
    const own = temporaryFolder('template');
    await make(own);
    mkdirSync(templates, { recursive: true });
    try {
      renameSync(join(own, 'database'), template);
    } catch {
      // The other worker's is as good.
    }
    rmSync(own, { recursive: true, force: true });
  }
  mkdirSync(dataDir, { recursive: true });
  // Many times faster than fs.cpSync.
  execFileSync('cp', ['-R', template, join(dataDir, 'database')]);
}
