import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../../database/database.js';
import { EventMac } from '../event-mac.js';
import { inconsistent, JournalGuard, type OpenTree } from './journal-guard.service.js';
import { JournalStateStore } from './journal-state.store.js';
import { leafOf } from './leaf.js';
import { leafHash } from './merkle.js';
import { SealingService } from './sealing.service.js';
import { SealingStore } from './sealing.store.js';
import { nodesOf } from './tiles.js';

const page = 2000;

/**
 * Runs before a process appends its first event. It reads the checkpoints that are kept outside the database, and compares
 * the journal with them. The first process with MACs also gives MACs to the events that wait to be sealed.
 */
@Injectable()
export class JournalBeginning implements OnModuleInit {
  private readonly logger = new Logger(JournalBeginning.name);

  constructor(
    @Inject(SealingService) private readonly sealing: SealingService,
    @Inject(SealingStore) private readonly store: SealingStore,
    @Inject(JournalStateStore) private readonly state: JournalStateStore,
    @Inject(JournalGuard) private readonly guard: JournalGuard,
    @Inject(EventMac) private readonly macs: EventMac,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.guard.outside.load();
    await this.sealing.inTurnOrStop((tx) => this.begin(tx));
  }

  private async begin(tx: Transaction): Promise<void> {
    const proof = this.macs.ofBeginning();
    const began = await this.state.macsBegan(tx);
    const tree = await this.guard.openTree(tx);
    if (began?.equals(proof)) return;
    if (began !== null || this.guard.outside.hasFile || !(await this.isFromBeforeMacs(tx, tree))) {
      throw inconsistent(
        'mac',
        tree.size + 1,
        'the database says that its events have no MACs yet, but nothing signed shows that they are older than MACs',
      );
    }
    const given = await this.giveMacs(tx);
    if (given > 0) this.logger.warn(`${given} events that an older version had recorded got their MACs`);
    await this.state.beginMacs(tx, proof);
  }

  /**
   * The owner of the database can make every row look older, but not the signed tree: since there are MACs, the leaves of
   * events have `platform`. So the last leaf shows whether a process with MACs has signed the tree.
   */
  private async isFromBeforeMacs(tx: Transaction, { size, tiles }: OpenTree): Promise<boolean> {
    if (size === 0) return !(await this.store.hasWithoutMac(tx));
    const [last] = await this.store.sealed(size - 1, size, 1, tx);
    if (!last || last.platform !== undefined) return false;
    return leafHash(leafOf(last)).equals(await nodesOf(tiles)(0, size - 1));
  }

  private async giveMacs(tx: Transaction): Promise<number> {
    for (let given = 0; ;) {
      const events = await this.store.olderWithoutMac(tx, page);
      if (events.length === 0) return given;
      await this.store.giveMacs(
        tx,
        events.map((event) => ({ id: event.id, mac: this.macs.of(event) })),
      );
      given += events.length;
    }
  }
}
