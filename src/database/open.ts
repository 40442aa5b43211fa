/** Opens the database and applies pending migrations, or refuses. */
import type { Settings } from '../config/settings.js';
import { connectDatabase } from './connect.js';
import type { Database } from './database.js';
import { DatabaseRefused, DatabaseUnavailable, isSqlError, reasonOf } from './database-errors.js';
import { migrate, MigrationsPending, pendingMigrations } from './migrate.js';
import { checkRights } from './rights.js';

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** How long to wait for a server that is still starting, and whom to notify meanwhile. */
export interface Patience {
  readonly seconds: number;
  /** gets a line as soon as the server is found away, and then every `notifyEverySeconds` */
  readonly notify?: (line: string) => void;
  readonly notifyEverySeconds?: number;
}

const pauseMs = 500;

/** @throws MigrationsPending, RightsMissing, FolderInUse, DatabaseUnavailable, DatabaseRefused */
export async function openDatabase(
  settings: Pick<Settings, 'database' | 'dataDir'>,
  patience: Patience = { seconds: 30 },
): Promise<Database> {
  const database = await reachDatabase(settings, patience);
  try {
    if (settings.database.migrateOnStart) {
      await migrate(database);
    } else {
      const pending = await pendingMigrations(database);
      if (pending.length > 0) throw new MigrationsPending(pending);
      await checkRights(database);
    }
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Opens the database without migrating it, and waits until it answers.
 *
 * @throws FolderInUse, DatabaseUnavailable, DatabaseRefused
 */
export async function reachDatabase(
  settings: Pick<Settings, 'database' | 'dataDir'>,
  patience: Patience,
): Promise<Database> {
  const database = await connectDatabase(settings);
  try {
    await untilItAnswers(database, placeOf(settings.database.url), patience);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function untilItAnswers(
  database: Database,
  place: string,
  { seconds, notify, notifyEverySeconds = 10 }: Patience,
): Promise<void> {
  const started = Date.now();
  const until = started + seconds * 1000;
  for (let nextNoticeAt = started; ;) {
    try {
      return await database.ping();
    } catch (error) {
      if (isSqlError(error)) throw new DatabaseRefused(place, error);
      if (!(error instanceof DatabaseUnavailable)) throw error;
      const now = Date.now();
      if (now >= until) throw new DatabaseUnavailable(error.cause, place);
      if (now >= nextNoticeAt) {
        const more = nextNoticeAt === started ? '' : ' more';
        notify?.(
          `${place} cannot be reached: ${reasonOf(error.cause)}; trying again for ${Math.ceil((until - now) / 1000)} s${more}`,
        );
        nextNoticeAt = now + notifyEverySeconds * 1000;
      }
      await pause(pauseMs);
    }
  }
}

/** Where the database is, without user and password. */
function placeOf(url: string | null): string {
  if (url === null) return 'the embedded database';
  const { hostname, port, searchParams } = new URL(url);
  const host = hostname || searchParams.get('host') || 'localhost';
  return `the database at ${host}:${port || '5432'}`;
}
