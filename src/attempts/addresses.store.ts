import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/database.js';

/** The digests by which attempts are found by address. Who writes them is AttemptsStore. */
@Injectable()
export class AddressesStore {
  /**
   * Empties those of a subject, in the transaction that has destroyed its key: a session that is being created was
   * waited for there. The sessions are locked first, so a result that is being applied is waited for here; one that
   * comes later finds the key destroyed.
   */
  async forget(tx: Transaction, scanRef: string): Promise<void> {
    await tx.query('update sessions set initiator_ip_digest = null where scan_ref = $1', [scanRef]);
    await tx.query(`update attempts set ip_digests = '{}' where scan_ref = $1 and ip_digests <> '{}'`, [scanRef]);
  }
}
