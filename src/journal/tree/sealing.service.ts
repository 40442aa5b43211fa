/**
 * Seals: gives events their positions, takes them into the tree and signs the new root, in one transaction. What is
 * sealed cannot be changed any more without the tree or the signature telling.
 */
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../../database/database.js';
import { EventMac } from '../event-mac.js';
import { setAsideIn } from './acceptance.js';
import { JournalInconsistent } from './inconsistency.js';
import { inconsistent, JournalGuard, type OpenTree } from './journal-guard.service.js';
import { leafOf } from './leaf.js';
import { leafHash } from './merkle.js';
import { SealingStore, type StoredEvent, type UnsealedEvent } from './sealing.store.js';
import { TreeWriter } from './tree-writer.service.js';

const batch = 2000;
/** An event older than this and still unsealed has lost its job. */
const overdueMs = 1000;

@Injectable()
export class SealingService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SealingStore) private readonly store: SealingStore,
    @Inject(JournalGuard) private readonly guard: JournalGuard,
    @Inject(TreeWriter) private readonly writer: TreeWriter,
    @Inject(EventMac) private readonly macs: EventMac,
  ) {}

  /** Until nothing is left that was there when it began, or the journal is found to be inconsistent. */
  async sealAll(): Promise<void> {
    while ((await this.sealBatch()) === batch);
  }

  isOverdue(now: Date): Promise<boolean> {
    return this.store.hasUnsealed(new Date(now.getTime() - overdueMs));
  }

  /** Runs `work` while nobody else seals. */
  inTurn<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.database.transaction(async (tx) => {
      await this.store.takeTurn(tx);
      return work(tx);
    });
  }

  /**
   * As `inTurn`. If `work` finds the journal inconsistent, which it must do before it writes, sealing stops within the same
   * turn: no operator can accept the journal in between and find it stopped again.
   *
   * @returns null when sealing was stopped
   */
  inTurnOrStop<T>(work: (tx: Transaction) => Promise<T>): Promise<T | null> {
    return this.inTurn(async (tx) => {
      try {
        return await work(tx);
      } catch (error) {
        if (!(error instanceof JournalInconsistent)) throw error;
        await this.guard.stop(tx, error.fault);
        return null;
      }
    });
  }

  /**
   * Seals everything that waits, in a journal that an operator has just looked at.
   *
   * @throws JournalInconsistent when the MAC of an event is wrong
   */
  async sealAccepted(tx: Transaction, tree: OpenTree): Promise<void> {
    for (let grown = tree; ;) {
      const events = await this.store.unsealed(tx, batch);
      if (events.length === 0) return;
      this.mustHaveMacs(events, grown.size);
      grown = await this.seal(tx, grown, events);
    }
  }

  /** Events that wait and are not the service's never get a position. */
  async setAside(tx: Transaction, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.store.setAside(tx, ids);
  }

  /** @returns how many events were sealed; null when the journal was found to be inconsistent */
  private sealBatch(): Promise<number | null> {
    return this.inTurnOrStop(async (tx) => {
      const tree = await this.guard.openTree(tx);
      const [stray] = await this.store.sealed(tree.size, Number.MAX_SAFE_INTEGER, 1, tx);
      if (stray) throw inconsistent('tree', tree.size + 1, `no checkpoint covers the events from ${tree.size + 1} on`);
      const events = await this.store.unsealed(tx, batch);
      this.mustHaveMacs(events, tree.size);
      await this.mustFollow(tx, events, tree.size);
      if (events.length > 0) await this.seal(tx, tree, events);
      return events.length;
    });
  }

  private async seal(tx: Transaction, tree: OpenTree, events: readonly StoredEvent[]): Promise<OpenTree> {
    const added = events.map((event, nth) => ({ ...event, position: tree.size + nth + 1 }));
    await this.store.givePositions(tx, added);
    return this.signOver(tx, tree, added);
  }

  private async signOver(tx: Transaction, tree: OpenTree, events: readonly StoredEvent[]): Promise<OpenTree> {
    const leaves = events.map((event) => leafHash(leafOf(event)));
    const { note, ...grown } = await this.writer.sealInto(tx, tree, leaves);
    tx.afterCommit(() => this.guard.outside.remember(note));
    return grown;
  }

  private mustHaveMacs(events: readonly StoredEvent[], size: number): void {
    const forged = events.find((event) => !this.macs.isOf(event, event.mac));
    if (forged) throw inconsistent('mac', size + 1, `this service has not recorded the event ${forged.id} like this`);
  }

  /** A MAC does not show that the event before it was removed before it was sealed. A gap within the session does. */
  private async mustFollow(tx: Transaction, events: readonly UnsealedEvent[], size: number): Promise<void> {
    for (const { id, sessionId, seq, follows } of events) {
      if (follows || sessionId === null || seq === null) continue;
      const known = setAsideIn(await this.store.sealedOfType('journal.accepted', tx), this.macs);
      const aside = await this.store.setAsideAt(tx, sessionId, seq - 1);
      if (aside.some((one) => known.events.has(one))) continue;
      throw inconsistent('gap', size + 1, `the event of session ${sessionId} before ${id} is gone`);
    }
  }
}
