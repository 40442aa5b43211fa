import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/database.js';

/** Counts sessions as they stand in the one database that all replicas share. */
@Injectable()
export class VelocityStore {
  /** @param atMost where counting stops: an address with a million sessions must not cost a million rows */
  async sessionsOfScanRef(tx: Transaction, scanRef: string, since: Date, atMost: number): Promise<number> {
    return this.count(tx, 'scan_ref = $1', scanRef, since, atMost);
  }

  /** @param digests of one address, by each key that any row may have been written with */
  async sessionsOfInitiator(tx: Transaction, digests: Buffer[], since: Date, atMost: number): Promise<number> {
    return this.count(tx, 'initiator_block_digest = any($1::bytea[])', digests, since, atMost);
  }

  private async count(tx: Transaction, owner: string, value: unknown, since: Date, atMost: number): Promise<number> {
    const { rows } = await tx.query<{ count: number }>(
      `select count(*)::int as count
         from (select from sessions where ${owner} and created_at > $2 limit $3) as counted`,
      [value, since, atMost],
    );
    return rows[0]?.count ?? 0;
  }
}
