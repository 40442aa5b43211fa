/** What evidence needs of others: the tree's proofs and the deliveries. The module is given who has them. */
import { Injectable } from '@nestjs/common';
import type { Json } from '../core/canonical-json.js';

export const EVIDENCE_PROOFS = Symbol('inclusion proofs of events, for evidence');
export const EVIDENCE_DELIVERIES = Symbol('deliveries of events, for evidence');

/** That an event is in the tree (RFC 6962): the hashes beside the way from its leaf to the root, from the leaf up. */
export interface InclusionProof {
  /** from 0: position - 1 */
  leafIndex: number;
  hashes: readonly string[];
}

/** Proofs against one checkpoint. */
export interface ProvenEvents {
  treeSize: number;
  /** the signed note (C2SP tlog-checkpoint) as text */
  checkpoint: string | null;
  /** that the note is verified with */
  publicKey: string | null;
  /** in the order that was asked for */
  proofs: readonly (InclusionProof | null)[];
}

export interface EvidenceProofs {
  /** @param positions of sealed events; the checkpoint covers all of them */
  prove(positions: readonly number[]): Promise<ProvenEvents>;
}

export interface EvidenceDeliveries {
  /** What was sent of these events to whom and what came of it, oldest first; no secret and no answer's body. */
  ofEvents(eventIds: readonly string[]): Promise<readonly Json[]>;
}

/** Stands where nobody keeps a tree: the bundle says of each event that it is not proven. */
@Injectable()
export class NoProofs implements EvidenceProofs {
  prove(positions: readonly number[]): Promise<ProvenEvents> {
    return Promise.resolve({ treeSize: 0, checkpoint: null, publicKey: null, proofs: positions.map(() => null) });
  }
}

/** Stands where nothing is delivered. */
@Injectable()
export class NoDeliveries implements EvidenceDeliveries {
  ofEvents(): Promise<readonly Json[]> {
    return Promise.resolve([]);
  }
}
