/** Moves the times of an attempt, because no test waits for the end of a code. */
import type { Database } from '../../src/database/database.js';
import type { SessionBody } from './client.js';

/** The code is over, and so is the grace of two minutes: the attempt is due to be checked. */
export async function endCode(database: Database, { attempt }: SessionBody): Promise<void> {
  await database.query(
    `update attempts set expires_at = now() - interval '121 seconds', deadline_at = now() - interval '1 second'
      where id = $1`,
    [attempt!.id],
  );
}

/** The journal has recorded the expiry as the code was issued. The check of rows against events needs it back. */
export async function putExpiryBack(database: Database, { attempt }: SessionBody): Promise<void> {
  await database.query('update attempts set expires_at = $2 where id = $1', [attempt!.id, attempt!.expiresAt]);
}
