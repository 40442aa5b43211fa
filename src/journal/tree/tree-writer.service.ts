import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import type { Transaction } from '../../database/database.js';
import { JOURNAL_KEY } from './journal-key.js';
import type { OpenTree } from './journal-guard.service.js';
import { rootOf } from './merkle.js';
import { type NoteSigner, signCheckpoint } from './signed-note.js';
import { extend, nodesOf, TileBuilder, type TileReader, withChanged } from './tiles.js';
import { TreeStore } from './tree.store.js';

/** Writes the tree, and signs its root. The caller has checked that it may be extended. */
@Injectable()
export class TreeWriter {
  constructor(
    @Inject(TreeStore) private readonly tree: TreeStore,
    @Inject(JOURNAL_KEY) private readonly signer: NoteSigner,
    @Inject(Clock) readonly clock: Clock,
  ) {}

  /** @returns the tree with the leaves, and the signed note of its root */
  async sealInto(tx: Transaction, before: OpenTree, leaves: readonly Buffer[]): Promise<OpenTree & { note: string }> {
    const grown = await this.grow(tx, before, leaves);
    const { size, root, accepted } = grown;
    const note = signCheckpoint({ origin: this.signer.name, size, root, accepted }, this.signer);
    await this.tree.addCheckpoint(tx, { size, root, note }, this.clock.now());
    return { ...grown, note };
  }

  /** Signs nothing. */
  async grow(tx: Transaction, before: OpenTree, leaves: readonly Buffer[]): Promise<OpenTree> {
    const changed = await extend(before.tiles, before.size, leaves);
    const size = before.size + leaves.length;
    const root = await rootOf(nodesOf(withChanged(before.tiles, changed)), size);
    await this.tree.save(tx, changed);
    return { ...before, size, root, tiles: this.tree.tiles(tx) };
  }

  tiles(tx: Transaction): TileReader {
    return this.tree.tiles(tx);
  }

  /** Replaces the stored tree by a tree of these leaves. Signs nothing. */
  async replace(tx: Transaction, pages: AsyncIterable<readonly Buffer[]>): Promise<void> {
    await this.tree.beginReplacing(tx);
    const builder = new TileBuilder();
    for await (const leaves of pages) {
      await this.tree.save(
        tx,
        leaves.flatMap((leaf) => builder.add(leaf)),
      );
    }
    const last = builder.unfinished();
    await this.tree.save(tx, last);
    for (const { level, tiles } of builder.levels()) await this.tree.removeTiles(tx, level, tiles);
    await this.tree.removeLevels(tx, builder.levels().length);
  }

  /** Removes checkpoints that do not fit the tree. */
  async removeCheckpoints(tx: Transaction, sizes: readonly number[]): Promise<void> {
    if (sizes.length === 0) return;
    await this.tree.beginReplacing(tx);
    await this.tree.removeCheckpoints(tx, sizes);
  }
}
