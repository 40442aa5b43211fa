import { Inject, Injectable } from '@nestjs/common';
import { JournalProofs } from '../journal/tree/journal-proofs.service.js';
import { JournalSignatures } from '../journal/tree/journal-signatures.service.js';
import { verifierKey } from '../journal/tree/signed-note.js';
import { type EvidenceStatement, type SignedEvidenceStatement, signStatement } from './evidence-statement.js';

/** That an event is in the tree (RFC 6962). */
export interface EventProof {
  /** from 0: position - 1 */
  leafIndex: number;
  /** beside the way from its leaf to the root, from the leaf up; base64 */
  hashes: string[];
}

/** Proofs against one checkpoint. */
interface ProvenEvents {
  treeSize: number;
  /** the signed note (C2SP tlog-checkpoint) as text */
  checkpoint: string;
  /** that the note is verified with: PEM, and as C2SP tools take it */
  publicKey: string;
  verifierKey: string;
  /** the name of the journal */
  origin: string;
  /** in the order that was asked for */
  proofs: EventProof[];
}

@Injectable()
export class EvidenceProofs {
  constructor(
    @Inject(JournalProofs) private readonly journal: JournalProofs,
    @Inject(JournalSignatures) private readonly signatures: JournalSignatures,
  ) {}

  /** @param positions of sealed events: the newest checkpoint covers all of them */
  async prove(positions: readonly number[]): Promise<ProvenEvents> {
    const { signer } = this.journal;
    const { size, note } = await this.journal.latest();
    const paths = await this.journal.inclusion(positions, size);
    return {
      treeSize: size,
      checkpoint: note,
      publicKey: signer.key.export({ format: 'pem', type: 'spki' }).toString(),
      verifierKey: verifierKey(signer),
      origin: signer.name,
      proofs: paths.map((path, nth) => ({
        leafIndex: positions[nth]! - 1,
        hashes: path.map((hash) => hash.toString('base64')),
      })),
    };
  }

  /** Signs with the key that signs checkpoints. @returns null while the journal is inconsistent */
  async sign(statement: EvidenceStatement): Promise<SignedEvidenceStatement | null> {
    const key = await this.signatures.key();
    return key && signStatement(statement, key);
  }
}
