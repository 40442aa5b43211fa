import { Inject, Injectable } from '@nestjs/common';
import { Problem } from '../../core/errors.js';
import type { Reach } from '../../core/reach.js';
import { nothingIsSigned } from './inconsistency.js';
import { JOURNAL_KEY } from './journal-key.js';
import { consistencyProof, emptyRoot, inclusionProof, rangeProof, rootOf } from './merkle.js';
import { SealingService } from './sealing.service.js';
import { SealingStore } from './sealing.store.js';
import { type NoteSigner, signCheckpoint } from './signed-note.js';
import { nodesOf } from './tiles.js';
import { type SealedCheckpoint, TreeStore } from './tree.store.js';

export interface InclusionOfEvent {
  position: number;
  hashes: Buffer[];
  checkpoint: SealedCheckpoint;
}

/** Proofs against the signed checkpoints. Leaf indexes are positions less one. */
@Injectable()
export class JournalProofs {
  constructor(
    @Inject(SealingStore) private readonly events: SealingStore,
    @Inject(SealingService) private readonly sealing: SealingService,
    @Inject(TreeStore) private readonly tree: TreeStore,
    @Inject(JOURNAL_KEY) readonly signer: NoteSigner,
  ) {}

  /** @throws Problem (`unavailable`) if somebody has deleted the checkpoints */
  async latest(): Promise<SealedCheckpoint> {
    return (await this.stored()) ?? this.ofNothing();
  }

  stored(): Promise<SealedCheckpoint | null> {
    return this.tree.latest();
  }

  /** Before anything was sealed there is a tree, too. */
  private async ofNothing(): Promise<SealedCheckpoint> {
    if ((await this.events.extent()).last > 0) throw new Problem('unavailable', { detail: nothingIsSigned });
    const empty = { size: 0, root: emptyRoot };
    return { ...empty, note: signCheckpoint({ origin: this.signer.name, ...empty }, this.signer) };
  }

  /** An event that waits to be sealed is sealed first, unless the journal is inconsistent. */
  async inclusionOf(eventId: string, reach: Reach): Promise<InclusionOfEvent | 'not-found' | 'not-sealed'> {
    let position = await this.events.positionOf(eventId, reach);
    let checkpoint = await this.latest();
    if (position === undefined) return 'not-found';
    if (position === null || position > checkpoint.size) {
      await this.sealing.sealAll();
      position = await this.events.positionOf(eventId, reach);
      checkpoint = await this.latest();
    }
    if (!position || position > checkpoint.size) return 'not-sealed';
    const [hashes] = await this.inclusion([position], checkpoint.size);
    return { position, hashes: hashes!, checkpoint };
  }

  /** For each position the path to the root of the tree of that size. */
  async inclusion(positions: readonly number[], size: number): Promise<Buffer[][]> {
    const nodes = nodesOf(this.tree.tiles());
    const paths: Buffer[][] = [];
    for (const position of positions) paths.push(await inclusionProof(nodes, position - 1, size));
    return paths;
  }

  /** What leads from the leaves with indexes from `start` to before `end` to the root of the tree of that size. */
  range(start: number, end: number, size: number): Promise<Buffer[]> {
    return rangeProof(nodesOf(this.tree.tiles()), start, end, size);
  }

  rootAt(size: number): Promise<Buffer> {
    return rootOf(nodesOf(this.tree.tiles()), size);
  }

  consistency(from: number, to: number): Promise<Buffer[]> {
    return consistencyProof(nodesOf(this.tree.tiles()), from, to);
  }
}
