import { readEnvironment } from '../config/environment.js';
import { readSettings } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import type { Database } from '../database/database.js';
import { openDatabase } from '../database/open.js';

/** Waiting long for a server is for services; at a terminal an answer is wanted. */
const patienceSeconds = 3;

/**
 * Runs `work` on the service's database, brought up to date.
 * @throws ConfigurationError, DatabaseUnavailable, FolderInUse, MigrationsPending
 */
export async function withDatabase<T>(work: (database: Database, settings: Settings) => Promise<T>): Promise<T> {
  const settings = readSettings(readEnvironment());
  const database = await openDatabase(settings, patienceSeconds);
  try {
    return await work(database, settings);
  } finally {
    await database.close();
  }
}
