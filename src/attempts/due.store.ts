/** When work on an attempt is next due, and how often it was tried: the columns that jobs and the sweeper go by. */
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database/database.js';
import type { AttemptRow } from './rows.js';

/** How far the clocks of two replicas may be apart before one finds a fresh attempt not due yet. */
const clockSkewMs = 1000;

@Injectable()
export class DueStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /**
   * Takes a requested attempt for one try to have its code issued, until `until`: two jobs for one attempt must not make
   * two paid calls. `until` names the claim: whoever comes later ends at another moment, and then every write that asks
   * for the old claim changes nothing.
   *
   * @returns false when another has it, or it is not due, or no longer requested
   */
  async claim(attemptId: string, now: Date, until: Date): Promise<boolean> {
    const { count } = await this.database.query(
      `update attempts set next_try_at = $3 where id = $1 and state = 'requested' and next_try_at <= $2`,
      [attemptId, new Date(now.getTime() + clockSkewMs), until],
    );
    return count === 1;
  }

  /**
   * A call that may cost a credit is about to be made under this claim, which now lasts until `until`.
   * @param createSince when a create call begins: if nobody lives to read its answer, its session is looked for first;
   *   null: no such call
   * @returns false when the claim is lost: the attempt has ended, or another took it over
   */
  async announceCall(attemptId: string, claim: Date, until: Date, createSince: Date | null): Promise<boolean> {
    const { count } = await this.database.query(
      `update attempts set next_try_at = $3, lost_since = coalesce($4, lost_since),
              lost_looks = case when $4::timestamptz is null then lost_looks else 0 end
        where id = $1 and state = 'requested' and next_try_at = $2`,
      [attemptId, claim, until, createSince],
    );
    return count === 1;
  }

  /** iDenfy says that the scanRef may authenticate. */
  async setEligible(tx: Transaction, sessionId: string): Promise<void> {
    await tx.query('update sessions set eligible = true where id = $1', [sessionId]);
  }

  /** The next step may be taken at once. @returns false when the claim is lost */
  async goOn(tx: Transaction, attemptId: string, claim: Date, now: Date): Promise<boolean> {
    const { count } = await tx.query(
      `update attempts set next_try_at = $3 where id = $1 and state = 'requested' and next_try_at = $2`,
      [attemptId, claim, now],
    );
    return count === 1;
  }

  /**
   * A try to have a code issued did not succeed; the next one is due at `nextTryAt`.
   * @param lost a create call whose session may exist all the same; `since` null: none is looked for (any more)
   * @returns false when the claim is lost
   */
  async postpone(
    tx: Transaction,
    attemptId: string,
    claim: Date,
    nextTryAt: Date,
    lost: { since: Date | null; looks: number },
  ): Promise<boolean> {
    const { count } = await tx.query(
      `update attempts set issue_tries = issue_tries + 1, next_try_at = $3, lost_since = $4, lost_looks = $5
        where id = $1 and state = 'requested' and next_try_at = $2`,
      [attemptId, claim, nextTryAt, lost.since, lost.looks],
    );
    return count === 1;
  }

  /** iDenfy could not be asked what became of a code; it is asked again at `at`. */
  async postponeCheck(attempt: AttemptRow, at: Date): Promise<void> {
    await this.database.query(
      `update attempts set check_tries = check_tries + 1, deadline_at = $3
        where id = $1 and version = $2 and state in ('issued', 'awaiting-selfie')`,
      [attempt.id, attempt.version, at],
    );
  }

  /** iDenfy could not be asked to confirm a pass; it is asked again at `at`. */
  async postponeConfirmation(attemptId: string, at: Date): Promise<void> {
    await this.database.query(
      `update attempts set confirm_tries = confirm_tries + 1, confirm_at = $2 where id = $1 and confirm_at is not null`,
      [attemptId, at],
    );
  }

  /** There is nothing more to confirm, and the token has done its service. @returns false when another said so first */
  async endConfirmation(tx: Transaction, attemptId: string): Promise<boolean> {
    const { count } = await tx.query(
      `update attempts set confirm_at = null, secret_sealed = null where id = $1 and confirm_at is not null`,
      [attemptId],
    );
    return count === 1;
  }
}
