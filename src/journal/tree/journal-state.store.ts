import { Inject, Injectable } from '@nestjs/common';
import { Database, type Queryable, type Transaction } from '../../database/database.js';
import type { JournalFault } from './inconsistency.js';
import { type CheckpointRow, type SealedCheckpoint, toCheckpoint } from './tree.store.js';

/** The state of the journal in the database before the sealer changes anything. */
export interface SealedState {
  stopped: JournalFault | null;
  newest: SealedCheckpoint | null;
}

/** The one row about the journal as a whole. It can stop sealing, but it is no proof that nothing is wrong. */
@Injectable()
export class JournalStateStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async beforeSealing(from: Queryable = this.database): Promise<SealedState> {
    const { rows } = await from.query<{ stopped: JournalFault | null } & Partial<CheckpointRow>>(
      `select (select stopped from journal_state) as stopped, newest.*
         from (values (1)) as always left join lateral
              (select size, root, note from checkpoints order by size desc limit 1) as newest on true`,
    );
    const { stopped = null, size, root, note } = rows[0] ?? {};
    const found = size !== null && size !== undefined && root && note !== undefined;
    return { stopped, newest: found ? toCheckpoint({ size, root, note }) : null };
  }

  /** Stops sealing in all processes. The first fault is kept. */
  async stop(fault: JournalFault, at: Date, from: Queryable = this.database): Promise<void> {
    await from.query(
      `insert into journal_state (stopped, stopped_at) values ($1, $2)
       on conflict (one) do update set stopped = excluded.stopped, stopped_at = excluded.stopped_at
        where journal_state.stopped is null`,
      [JSON.stringify(fault), at],
    );
  }

  async resume(tx: Transaction): Promise<void> {
    await tx.query('update journal_state set stopped = null, stopped_at = null');
    // The newest checkpoint may be smaller than before.
    await tx.query('update checkpoint_mirror set size = 0');
  }

  /** @param proof see `EventMac.ofBeginning` */
  async beginMacs(tx: Transaction, proof: Buffer): Promise<void> {
    await tx.query(
      `insert into journal_state (macs_began) values ($1)
       on conflict (one) do update set macs_began = excluded.macs_began`,
      [proof],
    );
  }

  async macsBegan(tx: Transaction): Promise<Buffer | null> {
    const { rows } = await tx.query<{ began: Buffer | null }>('select macs_began as began from journal_state');
    return rows[0]?.began ?? null;
  }
}
