/** One walk over the journal, position by position: it makes the tree again, and collects faults. */
import type { Queryable } from '../../database/database.js';
import { Positions, type SetAside } from './acceptance.js';
import type { JournalFault } from './inconsistency.js';
import type { KnownCheckpoint } from './known-checkpoints.js';
import { Frontier } from './merkle.js';
import type { OutsideCheckpoint } from './outside-checkpoints.js';
import type { Survey } from './survey.js';

/** One position of the journal. */
export interface Place {
  position: number;
  leaf: Buffer;
  /** what is wrong with its row */
  reason: JournalFault['reason'] | null;
  /** whether its row was believed without a MAC */
  withoutMac: boolean;
}

export interface Scope {
  from: Queryable;
  outside: readonly OutsideCheckpoint[];
  signed: KnownCheckpoint | null;
  size: number;
  /** the last position that a row has */
  last: number;
  aside: SetAside;
}

export interface Walked extends Pick<Survey, 'root' | 'sound' | 'confirmed' | 'badPositions' | 'faults'> {
  strange: number[];
  /** size of the largest signed checkpoint that fits */
  matching: number;
  /** the last position whose row was believed without a MAC */
  withoutMacTo: number;
}

/** At most so many faults are described; of the others only the positions are kept. */
const namedMost = 100;

export class Walk {
  rootAtSigned: Buffer | undefined;
  damagedAt: number | undefined;
  private readonly frontier = new Frontier();
  private readonly faults: JournalFault[] = [];
  private readonly strange: number[] = [];
  private readonly bad = new Positions();
  private lastGood = 0;
  private matching = 0;
  private withoutMacTo = 0;

  constructor(private readonly scope: Pick<Scope, 'last' | 'aside' | 'signed' | 'size'>) {}

  add({ position, leaf, reason, withoutMac }: Place): void {
    const { aside, last, signed } = this.scope;
    this.frontier.add(leaf);
    if (position === signed?.size) this.rootAtSigned = this.frontier.root();
    if (withoutMac) this.withoutMacTo = position;
    if (reason === null || aside.has(position)) return;
    this.bad.add(position);
    if (this.faults.length >= namedMost) return;
    const name = reason === 'gap' && position > last ? 'truncated' : reason;
    this.faults.push(fault(name, position, `the event at position ${position} ${wrong[name]}`));
  }

  /** @param checkpoint of the size that the walk has now */
  compare({ size, root, where, superseded, ...checkpoint }: KnownCheckpoint): void {
    const fits = checkpoint.fault === null && root.equals(this.frontier.root());
    if (fits) [this.lastGood, this.matching] = [size, size];
    if (fits || superseded) return;
    if (where === null) this.strange.push(size);
    const source = where === null ? 'the database' : where;
    const detail = `${source} has a checkpoint of size ${size} that was signed over other events`;
    const found = checkpoint.fault ?? fault(where === null ? 'checkpoint' : 'outside', this.lastGood + 1, detail);
    if (this.faults.length < namedMost) this.faults.push(found);
  }

  end(sound: boolean, confirmed: number): Walked {
    const signedSize = this.scope.signed?.size ?? 0;
    const faults = [...this.faults];
    if (this.scope.size > signedSize) {
      faults.push(fault('tree', signedSize + 1, `no checkpoint covers the events from ${signedSize + 1} on`));
    } else if (!sound && faults.length === 0) {
      // The rows are as they were signed: only what is stored of the tree is damaged.
      faults.push(fault('tree', this.damagedAt ?? signedSize, 'the stored tree is damaged'));
    }
    const { strange, matching, withoutMacTo } = this;
    const believed = sound ? Math.max(matching, signedSize) : matching;
    return {
      root: this.frontier.root(),
      badPositions: this.bad,
      faults,
      strange,
      sound,
      confirmed,
      matching: believed,
      withoutMacTo,
    };
  }
}

const wrong: Readonly<Record<string, string>> = {
  event: 'is not the one that was sealed',
  mac: 'is not as the service has recorded it',
  gap: 'is missing',
  truncated: 'is missing',
};

export const fault = (reason: JournalFault['reason'], position: number, detail: string): JournalFault => ({
  reason,
  position,
  detail,
});
