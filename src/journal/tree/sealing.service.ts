/**
 * Seals: gives events their positions, takes them into the tree and signs the new root, in one transaction. What is
 * sealed cannot be changed any more without the tree or the signature telling.
 */
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import { Database, type Transaction } from '../../database/database.js';
import { JOURNAL_KEY } from './journal-key.js';
import { leafOf } from './leaf.js';
import { leafHash, rootOf } from './merkle.js';
import { SealingStore } from './sealing.store.js';
import { type NoteSigner, signCheckpoint } from './signed-note.js';
import { extend, nodesOf, withChanged } from './tiles.js';
import { TreeStore } from './tree.store.js';

const batch = 2000;
/** An event older than this and still unsealed has lost its job. */
const overdueMs = 1000;

@Injectable()
export class SealingService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SealingStore) private readonly store: SealingStore,
    @Inject(TreeStore) private readonly tree: TreeStore,
    @Inject(JOURNAL_KEY) private readonly signer: NoteSigner,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Until nothing is left that was there when it began. */
  async sealAll(): Promise<void> {
    while ((await this.sealBatch()) === batch);
  }

  isOverdue(now: Date): Promise<boolean> {
    return this.store.hasUnsealed(new Date(now.getTime() - overdueMs));
  }

  private sealBatch(): Promise<number> {
    return this.database.transaction(async (tx) => {
      await this.store.takeTurn(tx);
      const size = (await this.tree.latest(tx))?.size ?? 0;
      const events = await this.store.next(tx, size, batch);
      if (events.length > 0) {
        const leaves = events.map((event) => leafHash(leafOf(event)));
        await this.grow(tx, size, leaves);
      }
      return events.length;
    });
  }

  private async grow(tx: Transaction, before: number, leaves: readonly Buffer[]): Promise<void> {
    const tiles = this.tree.tiles(tx);
    const changed = await extend(tiles, before, leaves);
    const size = before + leaves.length;
    const root = await rootOf(nodesOf(withChanged(tiles, changed)), size);
    await this.tree.save(tx, changed);
    const note = signCheckpoint({ origin: this.signer.name, size, root }, this.signer);
    await this.tree.addCheckpoint(tx, { size, root, note }, this.clock.now());
  }
}
