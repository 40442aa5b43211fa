import { Clock } from '../core/clock.js';
import type { Database } from '../database/database.js';
import type { ErasureStore } from './erasure.store.js';
import type { LegalHoldsStore } from './legal-holds.store.js';
import type { SubjectEraser } from './subject-eraser.js';

/** An erasure that took place before the database was restored from a backup. */
export interface PastErasure {
  scanRef: string;
  erasedAt: Date;
}

/**
 * `known`: the journal of this database has that erasure. `not-found`: the backup has nothing of the subject.
 * `legal-hold`, `newer-session`: not applied, because an operator has to decide.
 */
export type Replayed = 'erased' | 'known' | 'not-found' | 'legal-hold' | 'newer-session';

const actor = { kind: 'system', id: 'erase-replay' } as const;

/** Erases again the subjects whose data a restored backup has brought back. */
export class ErasureReplay {
  constructor(
    private readonly database: Database,
    private readonly store: ErasureStore,
    private readonly holds: LegalHoldsStore,
    private readonly eraser: SubjectEraser,
    private readonly clock: Clock,
  ) {}

  /**
   * May be repeated. A legal hold that is older than the erasure must have been lifted before the erasure. The backup has
   * brought it back, so it is lifted again.
   */
  apply({ scanRef, erasedAt }: PastErasure): Promise<Replayed> {
    return this.database.transaction(async (tx) => {
      await this.holds.takeTurn(tx, scanRef);
      if (!(await this.store.hasSession(tx, scanRef))) return 'not-found';
      if (await this.store.hasErasure(tx, scanRef, erasedAt)) return 'known';
      // Sessions that the platform made after the restore would lose their data, too.
      if (await this.store.hasSessionSince(tx, scanRef, erasedAt)) return 'newer-session';
      const hold = await this.holds.find(scanRef, tx);
      if (hold && hold.placedAt > erasedAt) return 'legal-hold';
      if (hold) await this.holds.lift(tx, scanRef);
      const now = this.clock.now();
      await this.eraser.erase(tx, { scanRef, onlyKey: null, because: 'asked', again: erasedAt, actor, now });
      return 'erased';
    });
  }
}
