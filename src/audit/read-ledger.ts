/**
 * Reads that are still to be recorded, added up so that no reader can flood the journal: of one key, route and filter
 * the first is told at once, and what follows within a minute in one sum at its end. No clock, no I/O.
 */
import type { RowsRead } from '../http/recorded-read.js';
import type { ReadFilter } from './read-filter.js';

/** How long reads of one kind are added up. */
export const windowMs = 60_000;

/** Kinds of reads that a key may have at the same time before the rest of a route is told in one sum. */
export const kindsPerKeyMax = 100;

export interface Read extends RowsRead {
  /** id of the API key */
  keyId: string;
  /** of the event: null for a key of all platforms */
  platform: string | null;
  route: string;
  filter: ReadFilter;
  at: Date;
}

/** Reads of one kind, added up. */
export interface ReadSum extends RowsRead {
  keyId: string;
  platform: string | null;
  route: string;
  /** null: many different ones, too many to tell each */
  filter: ReadFilter | null;
  /** answers; each part of a stream that is sent at once counts as one */
  reads: number;
  firstAt: Date;
  lastAt: Date;
}

interface Kind {
  windowEndsAt: number;
  /** null: nothing since the last time it was told */
  pending: ReadSum | null;
}

export class ReadLedger {
  private readonly keys = new Map<string, Map<string, Kind>>();

  /** Adds a further part of an answer whose first part is recorded. It is recorded with the sum. */
  addPart(read: Read): void {
    const first = this.add(read);
    if (first) this.putBack([first]);
  }

  /** @returns what is to be told at once, or null when it was added to a sum */
  add(read: Read): ReadSum | null {
    const kinds = this.keys.get(read.keyId) ?? new Map<string, Kind>();
    this.keys.set(read.keyId, kinds);
    const exact = nameOf(read.route, read.filter);
    const many = !kinds.has(exact) && kinds.size >= kindsPerKeyMax;
    const name = many ? nameOf(read.route, null) : exact;
    const kind = kinds.get(name);
    const sum = added(kind?.pending ?? null, read, many ? null : read.filter);
    if (kind) {
      kind.pending = sum;
      return null;
    }
    kinds.set(name, { windowEndsAt: read.at.getTime() + windowMs, pending: null });
    return sum;
  }

  /** Takes the sums whose minute is over; of one that was told another minute begins. @param now null: all of them */
  take(now: Date | null): ReadSum[] {
    const sums: ReadSum[] = [];
    for (const [keyId, kinds] of this.keys) {
      for (const [name, kind] of kinds) {
        if (now && kind.windowEndsAt > now.getTime()) continue;
        if (kind.pending) sums.push(kind.pending);
        if (kind.pending && now) kinds.set(name, { windowEndsAt: now.getTime() + windowMs, pending: null });
        else kinds.delete(name);
      }
      if (kinds.size === 0) this.keys.delete(keyId);
    }
    return sums;
  }

  /** Takes back a first read that could not be told and so was not answered: the next one is the first again. */
  undo({ keyId, route, filter }: ReadSum): void {
    const kinds = this.keys.get(keyId);
    const kind = kinds?.get(nameOf(route, filter));
    if (kind?.pending) kind.windowEndsAt = 0;
    else kinds?.delete(nameOf(route, filter));
  }

  /** Puts sums back that could not be told. */
  putBack(sums: readonly ReadSum[]): void {
    for (const sum of sums) {
      const kinds = this.keys.get(sum.keyId) ?? new Map<string, Kind>();
      this.keys.set(sum.keyId, kinds);
      const name = nameOf(sum.route, sum.filter);
      const kind = kinds.get(name) ?? { windowEndsAt: sum.lastAt.getTime() + windowMs, pending: null };
      kinds.set(name, { ...kind, pending: kind.pending ? joined(sum, kind.pending) : sum });
    }
  }
}

const nameOf = (route: string, filter: ReadFilter | null): string => JSON.stringify([route, filter]);

function added(before: ReadSum | null, { at, ...read }: Read, filter: ReadFilter | null): ReadSum {
  const one = { ...read, filter, reads: 1, firstAt: at, lastAt: at };
  return before ? joined(before, one) : one;
}

const joined = (earlier: ReadSum, later: ReadSum): ReadSum => ({
  ...earlier,
  reads: earlier.reads + later.reads,
  rows: earlier.rows + later.rows,
  ...range(earlier, later),
  lastAt: later.lastAt,
});

/** From the first position of both to the last. */
function range(one: RowsRead, other: RowsRead): Pick<RowsRead, 'firstPosition' | 'lastPosition'> {
  const firsts = [one.firstPosition, other.firstPosition].filter((position) => position !== undefined);
  const lasts = [one.lastPosition, other.lastPosition].filter((position) => position !== undefined);
  return firsts.length === 0 ? {} : { firstPosition: Math.min(...firsts), lastPosition: Math.max(...lasts) };
}
