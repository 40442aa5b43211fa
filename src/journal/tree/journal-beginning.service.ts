import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../../database/database.js';
import { EventMac } from '../event-mac.js';
import { inconsistent, JournalGuard } from './journal-guard.service.js';
import { JournalStateStore } from './journal-state.store.js';
import { SealingService } from './sealing.service.js';
import { SealingStore } from './sealing.store.js';

const page = 2000;

/**
 * What a process does before it appends its first event: it reads the checkpoints that are kept outside the database, and
 * compares the journal with them. The first process with MACs also gives MACs to the events that wait to be sealed.
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
    const hasFile = await this.guard.outside.load();
    await this.sealing.orStop(() => this.sealing.inTurn((tx) => this.begin(tx, hasFile)));
  }

  /** @param hasFile whether a process with MACs has left its checkpoint in FACECODE_DATA_DIR */
  private async begin(tx: Transaction, hasFile: boolean): Promise<void> {
    const proof = this.macs.ofBeginning();
    const began = await this.state.macsBegan(tx);
    const tree = await this.guard.openTree(tx);
    if (began?.equals(proof)) return;
    if (began !== null || hasFile) {
      throw inconsistent(
        'mac',
        tree.size + 1,
        'the database says that its events have no MACs, but they had them before',
      );
    }
    const given = await this.giveMacs(tx, tree.size);
    if (given > 0) this.logger.warn(`${given} events of an older version got their MACs`);
    await this.sealing.sealPositioned(tx, tree);
    await this.state.beginMacs(tx, proof);
  }

  private async giveMacs(tx: Transaction, size: number): Promise<number> {
    for (let given = 0; ;) {
      const events = await this.store.withoutMac(tx, size, page);
      if (events.length === 0) return given;
      await this.store.giveMacs(
        tx,
        events.map((event) => ({ id: event.id, mac: this.macs.of(event) })),
      );
      given += events.length;
    }
  }
}
