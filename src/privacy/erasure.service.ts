import type { KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import { Database, type Transaction } from '../database/database.js';
import { JournalSignatures } from '../journal/tree/journal-signatures.service.js';
import { certify, type ErasureCertificate, type KeptKind } from './certificate.js';
import { keptPlaces, outside } from './kept.js';
import { ErasureStore } from './erasure.store.js';
import { LegalHoldsStore } from './legal-holds.store.js';
import { type Erased, SubjectEraser } from './subject-eraser.js';

/** Erases subjects: when an administrator asks for it, or because their sessions are old. */
@Injectable()
export class ErasureService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ErasureStore) private readonly store: ErasureStore,
    @Inject(LegalHoldsStore) private readonly holds: LegalHoldsStore,
    @Inject(SubjectEraser) private readonly eraser: SubjectEraser,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(JournalSignatures) private readonly signatures: JournalSignatures,
  ) {}

  /** Erases nothing while the journal is inconsistent. May be repeated; then nothing is left to erase. */
  async erase(
    scanRef: string,
    actor: Actor,
  ): Promise<ErasureCertificate | 'not-found' | 'legal-hold' | 'inconsistent'> {
    const key = await this.signatures.key();
    if (!key) return 'inconsistent';
    return this.database.transaction(async (tx) => {
      await this.holds.takeTurn(tx, scanRef);
      if (!(await this.store.hasSession(tx, scanRef))) return 'not-found';
      if (await this.holds.find(scanRef, tx)) return 'legal-hold';
      const now = this.clock.now();
      const erased = await this.eraser.erase(tx, { scanRef, onlyKey: null, because: 'asked', actor, now });
      return this.certificate(scanRef, actor, now, erased, { kept: await this.keptOf(tx, scanRef), key });
    });
  }

  /** Erases what belongs to one key when all its sessions have ended before then. @returns whether it did */
  eraseOld(keyId: string, scanRef: string, endedBefore: Date): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      await this.holds.takeTurn(tx, scanRef);
      if (!(await this.store.lockOldKey(tx, keyId, endedBefore))) return false;
      const actor = { kind: 'system', id: 'retention' } as const;
      await this.eraser.erase(tx, { scanRef, onlyKey: keyId, because: 'retention', actor, now: this.clock.now() });
      return true;
    });
  }

  private async keptOf(tx: Transaction, scanRef: string): Promise<KeptKind[]> {
    const counts = await this.store.countKept(tx, scanRef);
    return keptPlaces.map(({ name, what, where, why }) => ({ what, where, count: counts[name], why }));
  }

  private certificate(
    scanRef: string,
    actor: Actor,
    now: Date,
    { sessions, keysDestroyed, kinds, endpoints }: Erased,
    { kept, key }: { kept: KeptKind[]; key: KeyObject },
  ): ErasureCertificate {
    return certify(
      {
        kind: 'facecode-erasure-certificate',
        version: 2,
        scanRef,
        erasedAt: now.toISOString(),
        requestedBy: actor,
        sessions,
        keysDestroyed,
        erased: kinds,
        kept,
        outside: [...outside],
        endpoints,
      },
      key,
    );
  }
}
