/** Opens the database and brings it up to date, or refuses to. */
import type { Settings } from '../config/settings.js';
import { connectDatabase } from './connect.js';
import type { Database } from './database.js';
import { DatabaseUnavailable } from './database-errors.js';
import { migrate, MigrationsPending, pendingMigrations } from './migrate.js';

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * @param patienceSeconds how long to wait for a server that is itself still starting
 * @throws MigrationsPending, FolderInUse, DatabaseUnavailable
 */
export async function openDatabase(settings: Settings, patienceSeconds = 30): Promise<Database> {
  const database = await connectDatabase(settings);
  try {
    await reach(database, patienceSeconds);
    if (settings.database.migrateOnStart) {
      await migrate(database);
    } else {
      const pending = await pendingMigrations(database);
      if (pending.length > 0) throw new MigrationsPending(pending);
    }
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function reach(database: Database, patienceSeconds: number): Promise<void> {
  const until = Date.now() + patienceSeconds * 1000;
  for (;;) {
    try {
      return await database.ping();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable) || Date.now() >= until) throw error;
      await pause(500);
    }
  }
}
