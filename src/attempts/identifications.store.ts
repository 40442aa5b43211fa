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

/** How a webhook identifies an identification. */
export interface NamedIdentification {
  scanRef: string;
  /** the id that we sent: the session's id; null if the webhook has none */
  clientId: string | null;
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

  async sessionOf(tx: Transaction, identification: NamedIdentification): Promise<string | null> {
    return (await this.sessionsOf(tx, [identification]))[0] ?? null;
  }

  /**
   * Returns the sessions that requested these identifications; sessions that have stored the scanRef come first. If the
   * answer with the scanRef was lost, the clientId finds the session, because it is the session's id. An empty list
   * causes no query.
   */
  async sessionsOf(tx: Transaction, identifications: readonly NamedIdentification[]): Promise<string[]> {
    if (identifications.length === 0) return [];
    const { rows } = await tx.query<{ id: string; scanRef: string | null }>(
      `select id, identification_scan_ref as "scanRef", 1 as rank from sessions
        where lower(identification_scan_ref) = any (array(select lower(named) from unnest($1::text[]) as named))
         union all
        select id, null, 2 as rank from sessions
         where id = any ($2) and reason = 'identification-required' and identification_scan_ref is null
         order by rank`,
      [identifications.map(({ scanRef }) => scanRef), identifications.flatMap(({ clientId }) => clientId ?? [])],
    );
    const named = new Set(identifications.map(({ scanRef }) => normalScanRef(scanRef)));
    return rows.filter(({ scanRef }) => scanRef === null || named.has(normalScanRef(scanRef))).map(({ id }) => id);
  }

  /**
   * Records that the user has identified, and deletes the address.
   * @param scanRef of the identification
   * @returns false when this was already recorded
   */
  async end(tx: Transaction, sessionId: string, scanRef: string, now: Date): Promise<boolean> {
    const { count } = await tx.query(
      `update sessions set identified_at = $2, identification_sealed = null,
                           identification_scan_ref = coalesce(identification_scan_ref, $3)
        where id = $1 and identified_at is null`,
      [sessionId, now, scanRef],
    );
    return count === 1;
  }
}
