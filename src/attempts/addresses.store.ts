import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/database.js';

/** The digests by which attempts are found by address. Who writes them is AttemptsStore. */
@Injectable()
export class AddressesStore {
  /**
   * Empties those of sessions of a subject whose key is destroyed. The sessions are locked: a result that is being applied
   * was waited for, and one that comes later finds the key destroyed. @returns how many attempts had any
   */
  async forget(tx: Transaction, sessionIds: readonly string[]): Promise<number> {
    await tx.query(
      'update sessions set initiator_ip_digest = null, initiator_block_digest = null where id = any ($1)',
      [[...sessionIds]],
    );
    const { count } = await tx.query(
      `update attempts set ip_digests = '{}' where session_id = any ($1) and ip_digests <> '{}'`,
      [[...sessionIds]],
    );
    return count;
  }
}
