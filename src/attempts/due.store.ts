/** When work on an attempt is next due, and how often it was tried: the columns that jobs and the sweeper read. */
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database/database.js';
import type { AttemptRow } from './rows.js';

/** How far the clocks of two replicas may differ: a new attempt counts as due on a clock that is this much behind. */
const clockSkewMs = 1000;

@Injectable()
export class DueStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /**
   * Claims a requested attempt until `until`, because two jobs for one attempt must not make two paid calls. `until`
   * also identifies the claim: a later claim ends at another moment, and then every write under the old claim changes
   * nothing.
   *
   * @returns false when another process has claimed it, when it is not due, or when it is no longer requested
   */
  async claim(attemptId: string, now: Date, until: Date): Promise<boolean> {
    const { count } = await this.database.query(
      `update attempts set next_try_at = $3 where id = $1 and state = 'requested' and next_try_at <= $2`,
      [attemptId, new Date(now.getTime() + clockSkewMs), until],
    );
    return count === 1;
  }

  /**
   * Records that the process is about to make a call that may cost a credit, and extends the claim to `until`. If the
   * process dies before the answer, the next process finds the record and does not simply repeat the call.
   * @param since the moment before the call
   * @returns false when the claim is lost: the attempt has ended, or another process took it over
   */
  async announceCall(attemptId: string, claim: Date, until: Date, since: Date): Promise<boolean> {
    const { count } = await this.database.query(
      `update attempts set next_try_at = $3, lost_since = $4
        where id = $1 and state = 'requested' and next_try_at = $2`,
      [attemptId, claim, until, since],
    );
    return count === 1;
  }

  /** iDenfy says that the scanRef may authenticate. */
  async setEligible(tx: Transaction, sessionId: string): Promise<void> {
    await tx.query('update sessions set eligible = true where id = $1', [sessionId]);
  }

  /** Makes the next step due at once. @returns false when the claim is lost */
  async goOn(tx: Transaction, attemptId: string, claim: Date, now: Date): Promise<boolean> {
    const { count } = await tx.query(
      `update attempts set next_try_at = $3 where id = $1 and state = 'requested' and next_try_at = $2`,
      [attemptId, claim, now],
    );
    return count === 1;
  }

  /**
   * No code was issued; the next try is due at `nextTryAt`.
   * @param lostSince the time of a paid call that got no answer; null if there was no such call
   * @returns false when the claim is lost
   */
  async postpone(
    tx: Transaction,
    attemptId: string,
    claim: Date,
    nextTryAt: Date,
    lostSince: Date | null,
  ): Promise<boolean> {
    const { count } = await tx.query(
      `update attempts set issue_tries = issue_tries + 1, next_try_at = $3, lost_since = $4
        where id = $1 and state = 'requested' and next_try_at = $2`,
      [attemptId, claim, nextTryAt, lostSince],
    );
    return count === 1;
  }

  /**
   * The service got no verdict from iDenfy and asks again at `at`.
   * @param unclear iDenfy answered, but the answer was unclear; such answers are counted separately
   */
  async postponeCheck(attempt: AttemptRow, at: Date, unclear: boolean): Promise<void> {
    await this.database.query(
      `update attempts set deadline_at = $3,
         check_tries = check_tries + case when $4 then 0 else 1 end,
         unclear_answers = unclear_answers + case when $4 then 1 else 0 end
        where id = $1 and version = $2 and state in ('issued', 'awaiting-selfie')`,
      [attempt.id, attempt.version, at, unclear],
    );
  }

  /**
   * Gives an attempt back the deadline that it had when its code was issued.
   * @param askedAt when the attempt was found to be due
   * @returns false when the attempt has changed, or when another check was requested in the meantime
   */
  async restoreDeadline(attempt: AttemptRow, askedAt: Date, deadlineAt: Date): Promise<boolean> {
    const { count } = await this.database.query(
      `update attempts set deadline_at = $4, check_tries = 0, unclear_answers = 0
        where id = $1 and version = $2 and state in ('issued', 'awaiting-selfie') and deadline_at <= $3`,
      [attempt.id, attempt.version, askedAt, deadlineAt],
    );
    return count === 1;
  }

  /** iDenfy neither confirmed nor denied a pass; the service asks again at `at`. @param unclear see `postponeCheck` */
  async postponeConfirmation(attemptId: string, at: Date, unclear: boolean): Promise<void> {
    await this.database.query(
      `update attempts set confirm_at = $2,
         confirm_tries = confirm_tries + case when $3 then 0 else 1 end,
         unclear_answers = unclear_answers + case when $3 then 1 else 0 end
        where id = $1 and confirm_at is not null`,
      [attemptId, at, unclear],
    );
  }

  /** Nothing is left to confirm, so the token is wiped. @returns false when another process did this first */
  async endConfirmation(tx: Transaction, attemptId: string): Promise<boolean> {
    const { count } = await tx.query(
      `update attempts set confirm_at = null, secret_sealed = null where id = $1 and confirm_at is not null`,
      [attemptId],
    );
    return count === 1;
  }
}
