import { readEnvironment } from '../config/environment.js';
import type { KeyName, ReadKeys } from '../config/read-keys.js';
import { readSettingsOf } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import type { Database } from '../database/database.js';
import { checkKeys } from '../journal/key-canaries.js';
import { openDatabase } from '../database/open.js';

/** Waiting long for a server is for services; at a terminal an answer is wanted. */
export const terminalPatience = { seconds: 3 };

/** What a command can work with: the database, and the keys that it has asked for. */
export type OpenedSettings<Key extends KeyName> = Pick<Settings, 'database' | 'dataDir' | 'journalOrigin'> & {
  readonly keys: ReadKeys<Key>;
};

/** For commands that read or write the journal: as `withKeys`, with every key that the journal needs. */
export function withDatabase<T>(
  work: (database: Database, settings: OpenedSettings<'encryption' | 'journal'>) => Promise<T>,
): Promise<T> {
  return withKeys(['encryption', 'journal'], work);
}

/**
 * Runs `work` on the service's database, brought up to date.
 *
 * @param keys those that `work` uses: the others need not be set, and these must be those of the database
 * @throws ConfigurationError, DatabaseUnavailable, DatabaseRefused, FolderInUse, MigrationsPending
 */
export async function withKeys<T, Key extends KeyName = never>(
  keys: readonly Key[],
  work: (database: Database, settings: OpenedSettings<Key>) => Promise<T>,
): Promise<T> {
  const settings = readSettingsOf(readEnvironment(), ['database', 'dataDir', 'journalOrigin'], keys);
  const database = await openDatabase(settings, terminalPatience);
  try {
    await checkKeys(database, settings, false);
    return await work(database, settings);
  } finally {
    await database.close();
  }
}
