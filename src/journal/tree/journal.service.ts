/** The proofs of the journal as the API gives them: hashes in base64, as C2SP has them. */
import { Inject, Injectable } from '@nestjs/common';
import { isId } from '../../core/ids.js';
import type { Reach } from '../../core/reach.js';
import type { JournalEvent } from '../journal-event.js';
import { JournalProofs } from './journal-proofs.service.js';
import type {
  CheckpointResponse,
  ConsistencyProofResponse,
  InclusionProofResponse,
  JournalKeyResponse,
  VerificationResponse,
} from './journal.responses.js';
import { JournalInconsistent } from './inconsistency.js';
import { JournalGuard } from './journal-guard.service.js';
import { leafOf } from './leaf.js';
import { leafHash } from './merkle.js';
import { SealingService } from './sealing.service.js';
import { SealingStore } from './sealing.store.js';
import { verifierKey } from './signed-note.js';
import { JournalVerification, type Verification } from './verification.service.js';

const base64 = (hash: Buffer): string => hash.toString('base64');

@Injectable()
export class JournalService {
  private verifying: Promise<Verification> | null = null;

  constructor(
    @Inject(JournalProofs) private readonly proofs: JournalProofs,
    @Inject(SealingStore) private readonly events: SealingStore,
    @Inject(JournalVerification) private readonly verification: JournalVerification,
    @Inject(JournalGuard) private readonly guard: JournalGuard,
    @Inject(SealingService) private readonly sealing: SealingService,
  ) {}

  async checkpoint(): Promise<CheckpointResponse> {
    const { size, root, note } = await this.proofs.latest();
    const { origin, publicKey, keyId } = this.key();
    return { origin, size, root: base64(root), checkpoint: note, publicKey, keyId };
  }

  key(): JournalKeyResponse {
    const { signer } = this.proofs;
    return {
      origin: signer.name,
      keyId: signer.keyId.toString('hex'),
      verifierKey: verifierKey(signer),
      publicKey: signer.key.export({ format: 'pem', type: 'spki' }).toString(),
    };
  }

  async inclusion(
    eventId: JournalEvent['id'],
    reach: Reach,
  ): Promise<InclusionProofResponse | 'not-found' | 'not-sealed'> {
    const proof = isId('evt', eventId) ? await this.proofs.inclusionOf(eventId, reach) : 'not-found';
    if (typeof proof === 'string') return proof;
    const { position, hashes, checkpoint } = proof;
    const [event] = await this.events.sealed(position - 1, position, 1);
    if (!event) return 'not-found';
    return {
      eventId,
      position,
      leafIndex: position - 1,
      leafHash: base64(leafHash(leafOf(event))),
      treeSize: checkpoint.size,
      root: base64(checkpoint.root),
      hashes: hashes.map(base64),
      checkpoint: checkpoint.note,
    };
  }

  /** @param to the newest tree when undefined */
  async consistency(from: number, to?: number): Promise<ConsistencyProofResponse | 'no-such-trees'> {
    const newest = (await this.proofs.latest()).size;
    const until = to ?? newest;
    if (from > until || until > newest) return 'no-such-trees';
    const [fromRoot, toRoot, hashes] = await Promise.all([
      this.proofs.rootAt(from),
      this.proofs.rootAt(until),
      this.proofs.consistency(from, until),
    ]);
    return { from, to: until, fromRoot: base64(fromRoot), toRoot: base64(toRoot), hashes: hashes.map(base64) };
  }

  /**
   * Whoever asks while a verification is under way gets its result: one at a time reads the whole journal. If something is
   * wrong, nothing is sealed any more until an operator accepts the journal.
   */
  async verify(): Promise<VerificationResponse> {
    this.verifying ??= this.verifyOrStop().finally(() => (this.verifying = null));
    const { root, fault: _, ...verification } = await this.verifying;
    const sealing = (await this.guard.fault()) ? 'stopped' : 'on';
    return { ...verification, root: base64(root), sealing };
  }

  /**
   * Before sealing stops, the fault has to be found again while nobody seals or accepts the journal: what changes while a
   * verification reads must not look like a fault.
   */
  private async verifyOrStop(): Promise<Verification> {
    let found = await this.verification.verify();
    if (found.fault === null || (await this.guard.fault())) return found;
    await this.sealing.inTurnOrStop(async (tx) => {
      found = await this.verification.verify(tx);
      if (found.fault) throw new JournalInconsistent(found.fault);
    });
    return found;
  }
}
