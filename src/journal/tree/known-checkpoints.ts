/** Every checkpoint that the journal can be compared with, in the database and outside of it. */
import { Inject, Injectable } from '@nestjs/common';
import type { Queryable } from '../../database/database.js';
import type { JournalFault } from './inconsistency.js';
import { type OutsideCheckpoint, OutsideCheckpoints } from './outside-checkpoints.js';
import { openOwnCheckpoint } from './signed-note.js';
import { type SealedCheckpoint, TreeStore } from './tree.store.js';

const page = 2000;

export interface KnownCheckpoint {
  size: number;
  root: Buffer;
  accepted?: number;
  /** null: in the database */
  where: string | null;
  /** set if its signature is wrong, or if it contradicts its row */
  fault: JournalFault | null;
  /** true if an operator has accepted the journal since: it need not fit */
  superseded: boolean;
}

@Injectable()
export class KnownCheckpoints {
  constructor(
    @Inject(TreeStore) private readonly tree: TreeStore,
    @Inject(OutsideCheckpoints) private readonly kept: OutsideCheckpoints,
  ) {}

  outside(): Promise<OutsideCheckpoint[]> {
    return this.kept.all();
  }

  /** @returns the newest checkpoint that our key has signed, and the sizes of larger ones without our signature */
  async newestSigned(
    from: Queryable,
    newest: SealedCheckpoint | null,
  ): Promise<{ signed: KnownCheckpoint | null; unsigned: number[] }> {
    const unsigned: number[] = [];
    for (let next = newest; next; next = await this.tree.latest(from, next.size)) {
      const opened = this.open(next);
      if (opened.fault === null) return { signed: opened, unsigned };
      unsigned.push(next.size);
    }
    return { signed: null, unsigned };
  }

  /** Stored ones and these, in order of size. */
  upTo(size: number, from: Queryable, outside: readonly OutsideCheckpoint[], accepted: number): InOrder {
    const newest = Math.max(accepted, ...outside.map((one) => one.accepted ?? 0));
    const others = outside.map((one) => ({ ...one, fault: null, superseded: (one.accepted ?? 0) < newest }));
    return new InOrder(others, async (after) =>
      (await this.tree.checkpoints(after, size, page, from)).map((stored) => this.open(stored)),
    );
  }

  private open({ size, root, note }: SealedCheckpoint): KnownCheckpoint {
    const opened = openOwnCheckpoint(note, this.kept.key);
    const fits = opened?.size === size && opened.root.equals(root);
    const detail = `the checkpoint of size ${size} is not signed with the journal's key`;
    const fault = fits ? null : ({ reason: 'signature', position: size, detail } as const);
    return { size, root, where: null, fault, superseded: false, ...(fits ? { accepted: opened.accepted ?? 0 } : {}) };
  }
}

/** Gives checkpoints in their turn. */
export class InOrder {
  private waiting: KnownCheckpoint[] = [];
  private read = 0;
  private end = false;

  constructor(
    private readonly others: readonly KnownCheckpoint[],
    private readonly stored: (after: number) => Promise<KnownCheckpoint[]>,
  ) {}

  /** Those of that size; to be asked for one size after the other. */
  async at(size: number): Promise<KnownCheckpoint[]> {
    if (this.waiting.length === 0 && !this.end) {
      this.waiting = await this.stored(this.read);
      this.end = this.waiting.length === 0;
      this.read = this.waiting.at(-1)?.size ?? this.read;
    }
    const found = this.others.filter((one) => one.size === size);
    if (this.waiting[0]?.size === size) found.unshift(this.waiting.shift()!);
    return found;
  }
}
