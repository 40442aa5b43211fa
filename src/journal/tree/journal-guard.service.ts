/**
 * Decides whether the journal may be sealed further. It may be if the tree in the database extends the newest checkpoint
 * that this process knows from outside the database, and if the MAC of every new event is right. Otherwise sealing stops
 * in all processes until an operator says `facecode journal accept`.
 */
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../core/clock.js';
import { withoutLogFields } from '../../core/log-context.js';
import type { Transaction } from '../../database/database.js';
import { EventMac } from '../event-mac.js';
import { type JournalFault, JournalInconsistent } from './inconsistency.js';
import { JournalStateStore } from './journal-state.store.js';
import { consistencyProof, emptyRoot, isConsistent, rootOf, type TreeHead } from './merkle.js';
import { OutsideCheckpoints } from './outside-checkpoints.js';
import { type Checkpoint, openOwnCheckpoint } from './signed-note.js';
import { nodesOf, type TileReader, TreeDamaged } from './tiles.js';
import { type SealedCheckpoint, TreeStore } from './tree.store.js';

/** A tree that may be extended. */
export interface OpenTree extends TreeHead {
  tiles: TileReader;
  /** how often operators have accepted the journal */
  accepted: number;
}

@Injectable()
export class JournalGuard {
  private readonly logger = new Logger(JournalGuard.name);
  /** what this process has found; the database cannot make it forget that */
  private found: { fault: JournalFault; accepted: number } | null = null;

  constructor(
    @Inject(JournalStateStore) private readonly state: JournalStateStore,
    @Inject(TreeStore) private readonly tree: TreeStore,
    @Inject(OutsideCheckpoints) readonly outside: OutsideCheckpoints,
    @Inject(EventMac) private readonly macs: EventMac,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @throws JournalInconsistent when the tree may not be extended */
  async openTree(tx: Transaction): Promise<OpenTree> {
    const { stopped, newest } = await this.state.beforeSealing(tx);
    const tiles = this.tree.tiles(tx);
    const checkpoint = this.signed(newest);
    const accepted = checkpoint.accepted ?? 0;
    if (stopped) throw new JournalInconsistent(stopped);
    if (this.found && accepted <= this.found.accepted) throw new JournalInconsistent(this.found.fault);
    await this.mustExtendWhatIsKnown(checkpoint, newest?.note ?? null, tiles);
    await this.mustBeItsTree(checkpoint, tiles);
    if (newest) this.outside.remember(newest.note);
    this.goesOn();
    return { size: checkpoint.size, root: checkpoint.root, tiles, accepted };
  }

  /** Why nothing is sealed or signed; null: nothing is wrong. */
  async fault(): Promise<JournalFault | null> {
    const { stopped, newest } = await this.state.beforeSealing();
    if (stopped) return stopped;
    if (this.found && this.acceptances(newest) > this.found.accepted) this.goesOn();
    // Somebody has put the database right by hand, but no operator has accepted the journal.
    if (this.found) await this.state.stop(this.found.fault, this.clock.now());
    return this.found?.fault ?? null;
  }

  /** Whether the database says that sealing is stopped. */
  async isStopped(tx: Transaction): Promise<boolean> {
    return (await this.state.beforeSealing(tx)).stopped !== null;
  }

  /**
   * Stops sealing and signing in all processes until an operator accepts the journal. Logs it once.
   *
   * @param tx in which the fault was found, while nobody else sealed
   */
  async stop(tx: Transaction, fault: JournalFault): Promise<void> {
    if (!this.found) {
      withoutLogFields(() =>
        this.logger.error(
          `the journal is inconsistent: ${fault.detail}. Nothing is sealed or signed until an operator has looked at ` +
            'GET /v1/journal/verify and runs facecode journal accept',
        ),
      );
    }
    const { newest } = await this.state.beforeSealing(tx);
    this.found ??= { fault, accepted: this.acceptances(newest) };
    await this.state.stop(fault, this.clock.now(), tx);
  }

  /** Forgets what was wrong, when an operator accepts the journal. From now on no event without a MAC is taken in. */
  async resume(tx: Transaction): Promise<void> {
    await this.state.resume(tx);
    await this.state.beginMacs(tx, this.macs.ofBeginning());
    tx.afterCommit(() => (this.found = null));
  }

  private acceptances(newest: SealedCheckpoint | null): number {
    const signed = newest && openOwnCheckpoint(newest.note, this.outside.key);
    return Math.max(signed?.accepted ?? 0, this.outside.newest?.accepted ?? 0);
  }

  private goesOn(): void {
    if (this.found) withoutLogFields(() => this.logger.log('an operator has accepted the journal: sealing goes on'));
    this.found = null;
  }

  /** What the newest checkpoint says. @throws JournalInconsistent when our key has not signed it */
  private signed(newest: SealedCheckpoint | null): Checkpoint {
    if (newest === null) return { origin: '', size: 0, root: emptyRoot };
    const { newest: known } = this.outside;
    const checkpoint = known?.note === newest.note ? known : openOwnCheckpoint(newest.note, this.outside.key);
    if (checkpoint?.size === newest.size && checkpoint.root.equals(newest.root)) return checkpoint;
    throw inconsistent(
      'signature',
      newest.size,
      `its newest checkpoint (size ${newest.size}) is not signed with its key`,
    );
  }

  private async mustExtendWhatIsKnown(found: Checkpoint, note: string | null, tiles: TileReader): Promise<void> {
    const { newest: known } = this.outside;
    if (!known || known.note === note) return;
    const before = known.accepted ?? 0;
    if ((found.accepted ?? 0) > before) return;
    const sizes = `${known.where} has a checkpoint of size ${known.size}, and the database`;
    if ((found.accepted ?? 0) < before) {
      throw inconsistent('outside', found.size + 1, `${sizes} has none that was signed since the journal was accepted`);
    }
    if (found.size < known.size) {
      if (await this.outside.forgetFileOfEmbedded()) {
        this.logger.warn(
          `${sizes} ends at ${found.size}: it runs without fsync, and has lost its last writes in a crash. The journal ` +
            'goes on from there',
        );
        return this.mustExtendWhatIsKnown(found, note, tiles);
      }
      throw inconsistent('truncated', found.size + 1, `${sizes} ends at ${found.size}, like an older backup`);
    }
    const proof = await undamaged(() => consistencyProof(nodesOf(tiles), known.size, found.size), found.size);
    if (!isConsistent(known, found, proof)) {
      throw inconsistent('outside', 1, `${sizes} has another history up to there`);
    }
  }

  /** The nodes that new leaves are combined with have to be those under the signed root. */
  private async mustBeItsTree({ size, root }: TreeHead, tiles: TileReader): Promise<void> {
    const kept = await undamaged(() => rootOf(nodesOf(tiles), size), size);
    if (!kept.equals(root)) throw inconsistent('tree', size, `its tree is not the one that was signed at size ${size}`);
  }
}

export const inconsistent = (reason: JournalFault['reason'], position: number, detail: string): JournalInconsistent =>
  new JournalInconsistent({ reason, position, detail });

async function undamaged<T>(read: () => Promise<T>, size: number): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TreeDamaged) throw inconsistent('tree', size, error.message);
    throw error;
  }
}
