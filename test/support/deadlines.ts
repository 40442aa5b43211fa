/** Moves the times of an attempt, so that tests need not wait for its code to expire. */
import type { Database } from '../../src/database/database.js';
import type { SessionBody } from './client.js';

/** Moves the expiry into the past, beyond the grace period of two minutes, so that the attempt is due. */
export async function endCode(database: Database, { attempt }: SessionBody): Promise<void> {
  await database.query(
    `update attempts set expires_at = now() - interval '121 seconds', deadline_at = now() - interval '1 second'
      where id = $1`,
    [attempt!.id],
  );
}

/** Restores the expiry that the journal recorded, because a check compares rows with events. */
export async function putExpiryBack(database: Database, { attempt }: SessionBody): Promise<void> {
  await database.query('update attempts set expires_at = $2 where id = $1', [attempt!.id, attempt!.expiresAt]);
}
