import { Inject, Injectable } from '@nestjs/common';
import { eq } from 'drizzle-orm';
import { Sealer } from '../core/sealing.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { legalHolds } from '../database/schema.js';
import { sealedColumns } from '../database/sealed-columns.js';

export interface LegalHold {
  reason: string;
  /** id of the API key */
  placedBy: string;
  placedAt: Date;
}

/** "Hold" in ASCII. */
const lockSpace = 0x486f6c64;

@Injectable()
export class LegalHoldsStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  /** Until the transaction ends nobody else places or lifts a hold of the subject, or erases it. */
  async takeTurn(tx: Transaction, scanRef: string): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1, hashtext($2))', [lockSpace, scanRef]);
  }

  async find(scanRef: string, database: Queryable = this.database): Promise<LegalHold | null> {
    const [row] = await database.orm.select().from(legalHolds).where(eq(legalHolds.scanRef, scanRef));
    if (!row) return null;
    const { reason } = this.sealer.openJson<{ reason: string }>(
      row.reasonSealed,
      sealedColumns.legalHold.context(scanRef),
    );
    return { reason, placedBy: row.placedBy, placedAt: row.placedAt };
  }

  async place(tx: Transaction, scanRef: string, { reason, placedBy, placedAt }: LegalHold): Promise<void> {
    const reasonSealed = this.sealer.sealJson({ reason }, sealedColumns.legalHold.context(scanRef));
    await tx.orm
      .insert(legalHolds)
      .values({ scanRef, reasonSealed, placedBy, placedAt })
      .onConflictDoUpdate({ target: legalHolds.scanRef, set: { reasonSealed, placedBy, placedAt } });
  }

  async lift(tx: Transaction, scanRef: string): Promise<void> {
    await tx.orm.delete(legalHolds).where(eq(legalHolds.scanRef, scanRef));
  }
}
