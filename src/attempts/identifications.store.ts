import { Inject, Injectable } from '@nestjs/common';
import { Sealer } from '../core/sealing.js';
import type { Transaction } from '../database/database.js';
import { sealedColumns } from '../database/sealed-columns.js';
import { normalScanRef } from '../idenfy/scan-ref.js';
import type { SessionRow } from './rows.js';

/** Where a user identifies anew, and what iDenfy calls it. */
export interface Identification {
  url: string;
  /** of the new identification, not the session's own */
  scanRef: string;
}

/** The identification that was asked for when a scanRef may not authenticate; its address is as secret as a code. */
@Injectable()
export class IdentificationsStore {
  constructor(@Inject(Sealer) private readonly sealer: Sealer) {}

  async keep(tx: Transaction, sessionId: string, { url, scanRef }: Identification): Promise<void> {
    await tx.query('update sessions set identification_scan_ref = $2, identification_sealed = $3 where id = $1', [
      sessionId,
      scanRef,
      this.sealer.sealJson({ url }, sealedColumns.identification.context(sessionId)),
    ]);
  }

  /** Null when none was asked for, or it is over. */
  open({ id, identificationScanRef, identificationSealed }: SessionRow): Identification | null {
    if (identificationScanRef === null || identificationSealed === null) return null;
    const { url } = this.sealer.openJson<{ url: string }>(
      identificationSealed,
      sealedColumns.identification.context(id),
    );
    return { url, scanRef: identificationScanRef };
  }

  async sessionOf(tx: Transaction, scanRef: string): Promise<string | null> {
    return (await this.sessionsOf(tx, [scanRef]))[0] ?? null;
  }

  /** @param scanRefs those of identifications, not those of sessions */
  async sessionsOf(tx: Transaction, scanRefs: readonly string[]): Promise<string[]> {
    if (scanRefs.length === 0) return [];
    const { rows } = await tx.query<{ id: string; scanRef: string }>(
      `select id, identification_scan_ref as "scanRef" from sessions
        where lower(identification_scan_ref) = any (array(select lower(named) from unnest($1::text[]) as named))`,
      [[...scanRefs]],
    );
    const named = new Set(scanRefs.map(normalScanRef));
    return rows.filter(({ scanRef }) => named.has(normalScanRef(scanRef))).map(({ id }) => id);
  }

  /** The user has identified; the address has done its service. @returns false when that was known */
  async end(tx: Transaction, sessionId: string, now: Date): Promise<boolean> {
    const { count } = await tx.query(
      `update sessions set identified_at = $2, identification_sealed = null where id = $1 and identified_at is null`,
      [sessionId, now],
    );
    return count === 1;
  }
}
