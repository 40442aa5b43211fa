/**
 * Recomputes the journal from its rows, and compares it with everything that was stored when it was sealed: the MACs, the
 * leaves in the tiles, the tiles of the next level, the root of every signed checkpoint, and the checkpoints that are kept
 * outside the database. It needs constant memory.
 */
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Queryable } from '../../database/database.js';
import { EventMac } from '../event-mac.js';
import { setAsideIn } from './acceptance.js';
import type { JournalFault } from './inconsistency.js';
import { leafOf } from './leaf.js';
import { Frontier, hashLength, leafHash, rootOf } from './merkle.js';
import type { OutsideCheckpoint } from './outside-checkpoints.js';
import { SealingStore, type StoredEvent } from './sealing.store.js';
import type { Survey } from './survey.js';
import { fault, type Place, type Scope, Walk, type Walked } from './survey-walk.js';
import { nodesOf, TreeDamaged } from './tiles.js';
import { type KnownCheckpoint, KnownCheckpoints } from './known-checkpoints.js';
import { TreeStore } from './tree.store.js';

const tileWidth = 256;
/** Of one page: all of them have the same parent tile. */
const tilesPerPage = 8;
const page = tilesPerPage * tileWidth;
/** At most so many rows may be missing; each keeps its place. */
const missingMost = 1_000_000;

/** Which leaf a position has in the tree. */
type Rule = (row: StoredEvent | undefined, stored: Buffer | null, position: number) => Place;

@Injectable()
export class JournalSurvey {
  constructor(
    @Inject(Database) private readonly database: Queryable,
    @Inject(SealingStore) private readonly events: SealingStore,
    @Inject(TreeStore) private readonly tree: TreeStore,
    @Inject(KnownCheckpoints) private readonly known: KnownCheckpoints,
    @Inject(EventMac) private readonly macs: EventMac,
  ) {}

  /** Ignores what is sealed while it runs. */
  async make(from: Queryable = this.database): Promise<Survey> {
    // Read these before the database. Otherwise an event that is sealed meanwhile would seem to be missing in it.
    const outside = await this.known.outside();
    const { last, positioned, newest } = await this.events.extent(from);
    const { signed, unsigned } = await this.known.newestSigned(from, newest);
    const signedSize = signed?.size ?? 0;
    const size = Math.max(last, signedSize);
    if (size - positioned > missingMost) throw new Error(`the rows of ${size - positioned} events are missing`);

    const aside = setAsideIn(await this.events.sealedOfType('journal.accepted', from), this.macs);
    const scope = { from, outside, signed, size, last, aside };
    const walked = (await this.settled(scope, true)) ?? (await this.settled(scope, false))!;
    const badEvents = await this.badUnsealed(from);
    const faults = [
      ...unsigned.map((strange) => fault('signature', signedSize + 1, notSigned(strange))),
      ...walked.faults,
      ...beyond(outside, signed?.accepted ?? 0, signedSize),
      ...badEvents.map((id) => fault('mac', size + 1, `the service has not recorded the event ${id} like this`)),
    ].sort((a, b) => a.position - b.position || Number(isOfRow(a)) - Number(isOfRow(b)));
    const accepted = Math.max(0, ...[signed, ...outside].map((checkpoint) => checkpoint?.accepted ?? 0));
    const strangeCheckpoints = [...unsigned, ...walked.strange];
    return { ...walked, size, faults, signedSize, badEvents, strangeCheckpoints, accepted };
  }

  /** The leaves of the surveyed tree, page by page. */
  async *leaves({ sound, signedSize, size, confirmed }: Survey, from: Queryable): AsyncGenerator<Buffer[]> {
    const rule = this.rule(sound ? signedSize : 0, confirmed);
    for await (const { places } of this.pages(from, size, signedSize, rule)) yield places.map(({ leaf }) => leaf);
  }

  /**
   * First it believes every event without a MAC; then only those that a signed checkpoint covers.
   *
   * @param asStored whether the leaves up to the signed size are those in the tiles
   * @returns null when the tree in the tiles is not the one that was signed
   */
  private async settled(scope: Scope, asStored: boolean): Promise<Walked | null> {
    const first = await this.walk(scope, asStored, scope.size);
    if (!first || first.withoutMacTo <= first.matching) return first;
    return this.walk(scope, asStored, first.matching);
  }

  private async walk(scope: Scope, asStored: boolean, confirmed: number): Promise<Walked | null> {
    const { from, outside, signed, size } = scope;
    const signedSize = signed?.size ?? 0;
    const walk = new Walk(scope);
    const checks = this.known.upTo(signedSize, from, outside, signed?.accepted ?? 0);
    const rule = this.rule(asStored ? signedSize : 0, confirmed);
    for await (const { places, whole } of this.pages(from, size, signedSize, rule)) {
      if (!whole && asStored) return null;
      if (!whole) walk.damagedAt ??= places[0]!.position;
      for (const place of places) {
        walk.add(place);
        for (const checkpoint of await checks.at(place.position)) walk.compare(checkpoint);
      }
    }
    if (asStored && signed && !(await this.isSigned(from, signed, walk))) return null;
    return walk.end(asStored, confirmed);
  }

  /** The leaves and the nodes above them lead to the signed root. */
  private async isSigned(from: Queryable, { size, root }: KnownCheckpoint, walk: Walk): Promise<boolean> {
    if (!walk.rootAtSigned?.equals(root)) return false;
    try {
      return (await rootOf(nodesOf(this.tree.tiles(from)), size)).equals(root);
    } catch (error) {
      if (error instanceof TreeDamaged) return false;
      throw error;
    }
  }

  /** Up to `stored` the leaves are those in the tiles, and then those of the rows. */
  private rule(stored: number, confirmed: number): Rule {
    return (row, hash, position) =>
      position <= stored ? this.byTile(row, hash, position) : this.byRow(row, hash, position, confirmed);
  }

  private byTile(row: StoredEvent | undefined, stored: Buffer | null, position: number): Place {
    const place = { position, leaf: stored ?? placeholder(position), withoutMac: false };
    if (!row) return { ...place, reason: 'gap' };
    if (!stored || !leafHash(leafOf(row)).equals(stored)) return { ...place, reason: 'event' };
    // An event without a MAC is good here: the signed tree has it.
    return { ...place, reason: row.mac === null || this.macs.isOf(row, row.mac) ? null : 'mac' };
  }

  /** Only rows that the service has recorded lead to a leaf, so nobody can prove another row. */
  private byRow(row: StoredEvent | undefined, stored: Buffer | null, position: number, confirmed: number): Place {
    const withoutMac = row?.mac === null;
    const own = row && leafHash(leafOf(row));
    const good = row && (withoutMac ? position <= confirmed : this.macs.isOf(row, row.mac));
    if (own && good) return { position, leaf: own, reason: null, withoutMac };
    const leaf = stored && !(own && stored.equals(own)) ? stored : placeholder(position);
    return { position, leaf, reason: row ? 'mac' : 'gap', withoutMac: false };
  }

  /** `whole`: whether the tiles of the signed tree are there, and their roots are in the tile of the next level. */
  private async *pages(
    from: Queryable,
    size: number,
    signedSize: number,
    rule: Rule,
  ): AsyncGenerator<{ places: Place[]; whole: boolean }> {
    for (let after = 0; after < size; after += page) {
      const most = Math.min(size, after + page);
      const firstTile = after / tileWidth;
      const found = await this.events.sealed(after, most, page, from);
      const rows = new Map(found.map((row) => [row.position, row]));
      const tiles = await this.tree.tileRange(from, 0, firstTile, tilesPerPage);
      const parent = Math.floor(firstTile / tileWidth);
      const parents = (await this.tree.tileRange(from, 1, parent, 1)).get(parent) ?? null;
      const places: Place[] = [];
      for (let index = after; index < most; index += 1) {
        const tile = tiles.get(Math.floor(index / tileWidth)) ?? null;
        places.push(rule(rows.get(index + 1), hashAt(tile, index % tileWidth), index + 1));
      }
      yield { places, whole: isWhole(tiles, firstTile, parents, signedSize) };
    }
  }

  private async badUnsealed(from: Queryable): Promise<string[]> {
    const bad: string[] = [];
    for (let after = 0; ;) {
      const events = await this.events.unsealed(from, page, after);
      bad.push(...events.filter((event) => !this.macs.isOf(event, event.mac)).map(({ id }) => id));
      if (events.length < page) return bad;
      after = events.at(-1)!.rowNumber;
    }
  }
}

/** Whether it is about a row rather than about the tree over it. */
const isOfRow = ({ reason }: JournalFault): boolean => ['event', 'mac', 'gap', 'truncated'].includes(reason);

const notSigned = (size: number): string => `the checkpoint of size ${size} is not signed with the journal's key`;

/** Faults of checkpoints outside that are larger than the journal. */
function beyond(outside: readonly OutsideCheckpoint[], accepted: number, size: number): JournalFault[] {
  return outside
    .filter((one) => (one.accepted ?? 0) > accepted || ((one.accepted ?? 0) === accepted && one.size > size))
    .map((one) =>
      fault(
        (one.accepted ?? 0) > accepted ? 'outside' : 'truncated',
        size + 1,
        `${one.where} has a checkpoint of size ${one.size}, and the database ends at ${size}, like an older backup`,
      ),
    );
}

/** Takes the place of an event in the tree that is missing, or that the service has not recorded. */
const placeholder = (position: number): Buffer => leafHash(`{"position":${position},"unknown":true}`);

function hashAt(tile: Buffer | null, place: number): Buffer | null {
  const hash = tile?.subarray(place * hashLength, (place + 1) * hashLength);
  return hash?.length === hashLength ? hash : null;
}

function isWhole(tiles: Map<number, Buffer>, first: number, parents: Buffer | null, size: number): boolean {
  for (let index = first; index < first + tilesPerPage && index * tileWidth < size; index += 1) {
    const tile = tiles.get(index) ?? null;
    const width = Math.min(tileWidth, size - index * tileWidth);
    const frontier = new Frontier();
    for (let place = 0; place < width; place += 1) {
      const hash = hashAt(tile, place);
      if (!hash) return false;
      frontier.add(hash);
    }
    if (width === tileWidth && !hashAt(parents, index % tileWidth)?.equals(frontier.root())) return false;
  }
  return true;
}
