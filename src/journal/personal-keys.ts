/**
 * The keys that personal data is sealed with: one for each subject, itself sealed with FACECODE_ENCRYPTION_KEY. Who
 * destroys a subject's key has erased its data in every row, event and backup that is not older than the key's end.
 */
import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../core/ids.js';
import { Sealer } from '../core/sealing.js';
import type { Transaction } from '../database/database.js';
import { sealedColumns } from '../database/sealed-columns.js';

/** A subject's key as its row has it. */
export interface SubjectKey {
  id: string;
  /** null once it is destroyed */
  sealed: Buffer | null;
}

@Injectable()
export class PersonalKeys {
  constructor(@Inject(Sealer) private readonly service: Sealer) {}

  /** The live key of a subject, made at its first use. Nobody destroys it before this transaction ends. */
  async live(tx: Transaction, scanRef: string, now: Date): Promise<SubjectKey> {
    for (;;) {
      const { rows } = await tx.query<SubjectKey>(
        `select id, key_sealed as sealed from subject_keys where scan_ref = $1 and destroyed_at is null and retired_at is null
            for share`,
        [scanRef],
      );
      if (rows[0]) return rows[0];
      const id = newId('sbk');
      await tx.query(
        `insert into subject_keys (id, scan_ref, key_sealed, created_at) values ($1, $2, $3, $4) on conflict do nothing`,
        [id, scanRef, this.service.seal(randomBytes(32), sealedColumns.subjectKey.context(id)), now],
      );
    }
  }

  /** The key that the personal data of a session is sealed with; null: the service's own, as of rows older than keys. */
  async ofSession(tx: Transaction, sessionId: string): Promise<SubjectKey | null> {
    const { rows } = await tx.query<SubjectKey>(
      `select subject_keys.id, key_sealed as sealed
         from sessions join subject_keys on subject_keys.id = subject_key_id where sessions.id = $1`,
      [sessionId],
    );
    return rows[0] ?? null;
  }

  /**
   * Destroys keys of a subject. What is sealed with them cannot be opened by anybody any more.
   * @param only this one; null: all it has
   * @returns the ids of those destroyed now
   */
  async destroy(tx: Transaction, scanRef: string, only: string | null, now: Date): Promise<string[]> {
    const { rows } = await tx.query<{ id: string }>(
      `update subject_keys set key_sealed = null, destroyed_at = $3, retired_at = coalesce(retired_at, $3)
        where scan_ref = $1 and destroyed_at is null and ($2::text is null or id = $2) returning id`,
      [scanRef, only, now],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * What seals and opens for that subject; null when its key is destroyed.
   * @param key null: the service's own
   */
  sealerOf(key: SubjectKey | null): Sealer | null {
    if (key === null) return this.service;
    return key.sealed === null
      ? null
      : new Sealer([this.service.open(key.sealed, sealedColumns.subjectKey.context(key.id))]);
  }
}
