/** Prepares embedded databases by copying templates, because making and migrating a database takes seconds. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { connectDatabase } from '../../src/database/connect.js';
import { migrate } from '../../src/database/migrate.js';
import { temporaryFolder } from './temporary-folder.js';

/** The folder of the templates. The global setup sets it; without the setup it is absent. */
const templates = process.env.FACECODE_TEST_EMBEDDED_TEMPLATE;

/** Puts a migrated database without rows into the service's data folder. */
export async function prepareEmbedded(dataDir: string): Promise<void> {
  await copy(dataDir, 'migrated', async (made) => {
    await prepareEmpty(made);
    const database = await connectDatabase({ database: { url: null, migrateOnStart: true }, dataDir: made });
    await migrate(database);
    await database.close();
  });
}

/** Puts a database without tables into the service's data folder. */
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

/** If several workers need a template at the same time, each makes one, and the first to finish keeps it. */
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
      // Another worker has already made the template.
    }
    rmSync(own, { recursive: true, force: true });
  }
  mkdirSync(dataDir, { recursive: true });
  // Many times faster than fs.cpSync.
  execFileSync('cp', ['-R', template, join(dataDir, 'database')]);
}
