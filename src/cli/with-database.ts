import { readEnvironment } from '../config/environment.js';
import type { KeyName, ReadKeys } from '../config/read-keys.js';
import { readSettingsOf } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import type { Database } from '../database/database.js';
import { checkKeys } from '../journal/key-canaries.js';
import { openDatabase } from '../database/open.js';

/** Commands wait only shortly for a server, because a person waits for the answer. */
export const terminalPatience = { seconds: 3 };

/** The settings that a command can use: those of the database, and the keys that it asked for. */
export type OpenedSettings<Key extends KeyName> = Pick<
  Settings,
  'database' | 'dataDir' | 'journalOrigin' | 'checkpointMirror'
> & {
  readonly keys: ReadKeys<Key>;
};

/** For commands that read or write the journal: `withKeys` with both keys that the journal needs. */
export function withDatabase<T>(
  work: (database: Database, settings: OpenedSettings<'encryption' | 'journal'>) => Promise<T>,
): Promise<T> {
  return withKeys(['encryption', 'journal'], work);
}

/**
 * Runs `work` on the service's database, after the migrations.
 *
 * @param keys the keys that `work` uses. They must be the keys of the database; other keys need not be set
 * @throws ConfigurationError, DatabaseUnavailable, DatabaseRefused, FolderInUse, MigrationsPending
 */
export async function withKeys<T, Key extends KeyName = never>(
  keys: readonly Key[],
  work: (database: Database, settings: OpenedSettings<Key>) => Promise<T>,
): Promise<T> {
  const settings = readSettingsOf(
    readEnvironment(),
    ['database', 'dataDir', 'journalOrigin', 'checkpointMirror'],
    keys,
  );
  const database = await openDatabase(settings, terminalPatience);
  try {
    await checkKeys(database, settings, false);
    return await work(database, settings);
  } finally {
    await database.close();
  }
}
