/** Finds open attempts by the scanRef of a result that has no token. An attempt is open if its code was issued. */
import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/database.js';
import { normalScanRef } from '../idenfy/scan-ref.js';

export interface OpenAttempt {
  id: string;
  sessionId: string;
}

/** An attempt that was made due before its deadline. */
export interface AskedCheck {
  id: string;
  /** when an immediate check was last allowed */
  askedAt: Date;
}

const isOpen = `state in ('issued', 'awaiting-selfie')`;

@Injectable()
export class OpenAttemptsStore {
  /** Makes no query if there are no scanRefs. */
  async find(tx: Transaction, scanRefs: readonly string[]): Promise<OpenAttempt[]> {
    if (scanRefs.length === 0) return [];
    const { rows } = await tx.query<OpenAttempt & { scanRef: string }>(
      `select id, session_id as "sessionId", scan_ref as "scanRef" from attempts
        where ${isOpen} and lower(scan_ref) = any (array(select lower(named) from unnest($1::text[]) as named))`,
      [[...scanRefs]],
    );
    const named = new Set(scanRefs.map(normalScanRef));
    return rows.filter(({ scanRef }) => named.has(normalScanRef(scanRef)));
  }

  /**
   * Makes attempts due: at once, or `pauseMs` after the last immediate check if that was more recent. An attempt that
   * is already due stays due but gets a new deadline, so another check follows a check that is already running.
   */
  async askForChecks(tx: Transaction, ids: readonly string[], now: Date, pauseMs: number): Promise<AskedCheck[]> {
    const { rows } = await tx.query<AskedCheck>(
      `update attempts
          set check_asked_at = case when check_asked_at > $3 then check_asked_at else $2 end,
              deadline_at = case when check_asked_at > $3 and deadline_at > $2
                                 then least(deadline_at, check_asked_at + ($2::timestamptz - $3::timestamptz))
                                 else $2 end
        where id = any ($1) and ${isOpen}
        returning id, check_asked_at as "askedAt"`,
      [[...ids], now, new Date(now.getTime() - pauseMs)],
    );
    return rows;
  }
}
