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

/** For commands that append to the journal: `withKeys` with both keys that this needs. */
export function withDatabase<T>(
  work: (database: Database, settings: OpenedSettings<'encryption' | 'journal'>) => Promise<T>,
): Promise<T> {
  return open(['encryption', 'journal'], 'journal', work);
}

/**
 * Runs `work` on the service's database, after the migrations.
 *
 * @param keys the keys that `work` uses. They must be the keys of the database; other keys need not be set
 * @throws ConfigurationError, DatabaseUnavailable, DatabaseRefused, FolderInUse, MigrationsPending
 */
export function withKeys<T, Key extends KeyName = never>(
  keys: readonly Key[],
  work: (database: Database, settings: OpenedSettings<Key>) => Promise<T>,
): Promise<T> {
  return open(keys, 'none', work);
}

async function open<T, Key extends KeyName>(
  keys: readonly Key[],
  keep: 'journal' | 'none',
  work: (database: Database, settings: OpenedSettings<Key>) => Promise<T>,
): Promise<T> {
  const settings = readSettingsOf(
    readEnvironment(),
    ['database', 'dataDir', 'journalOrigin', 'checkpointMirror'],
    keys,
  );
  const database = await openDatabase(settings, terminalPatience);
  try {
    await checkKeys(database, settings, keep);
    return await work(database, settings);
  } finally {
    await database.close();
  }
}
