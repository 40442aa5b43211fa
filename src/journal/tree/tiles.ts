/**
 * The tree in tiles of 256 hashes, as C2SP tlog-tiles cuts it: level 0 holds the leaves' hashes, level n + 1 the roots of
 * the full tiles of level n. A node in between is computed from its tile. Pure.
 */
import { combine, hashLength, nodeHash, type NodeReader } from './merkle.js';

const tileHeight = 8;
const tileWidth = 2 ** tileHeight;

export interface Tile {
  level: number;
  index: number;
  /** up to 256 hashes, one after the other; null: there is none */
  hashes: Buffer;
}

/** A tile is missing or too short, or its hashes are not those that were signed. */
export class TreeDamaged extends Error {}

export type TileReader = (level: number, index: number) => Promise<Buffer | null>;

/** @throws TreeDamaged when a tile is missing or too short: the tree was tampered with */
export function nodesOf(tiles: TileReader): NodeReader {
  return async (height, index) => {
    const level = Math.floor(height / tileHeight);
    const width = 2 ** (height % tileHeight);
    const first = index * width;
    const hashes = await tiles(level, Math.floor(first / tileWidth));
    const at = (first % tileWidth) * hashLength;
    const slice = hashes?.subarray(at, at + width * hashLength);
    if (slice?.length !== width * hashLength)
      throw new TreeDamaged(`the journal's tree has no node ${height}/${index}`);
    return perfectRoot(hashesIn(slice));
  };
}

/**
 * Adds the leaves `added` to a tree of `size` leaves. Returns the whole tiles that change.
 *
 * @throws TreeDamaged if a tile that grows has the wrong length
 */
export async function extend(tiles: TileReader, size: number, added: readonly Buffer[]): Promise<Tile[]> {
  const changed: Tile[] = [];
  let [level, start, nodes] = [0, size, [...added]];
  while (nodes.length > 0) {
    const full: Buffer[] = [];
    for (let taken = 0; taken < nodes.length;) {
      const at = start + taken;
      const index = Math.floor(at / tileWidth);
      const some = nodes.slice(taken, taken + tileWidth - (at % tileWidth));
      const before = at % tileWidth === 0 ? Buffer.alloc(0) : await tiles(level, index);
      if (before?.length !== (at % tileWidth) * hashLength)
        throw new TreeDamaged(`tile ${level}/${index} has the wrong length`);
      const hashes = Buffer.concat([before, ...some]);
      changed.push({ level, index, hashes });
      if (hashes.length === tileWidth * hashLength) full.push(perfectRoot(hashesIn(hashes)));
      taken += some.length;
    }
    start = Math.floor(start / tileWidth);
    nodes = full;
    level += 1;
  }
  return changed;
}

/** Makes the tiles of a whole tree from its leaves, with one tile of each level in memory. */
export class TileBuilder {
  /** of each level: the hashes of its last tile, and how many tiles before it are full */
  private readonly open: { full: number; hashes: Buffer[] }[] = [];

  /** @returns the tiles that are full with it */
  add(hash: Buffer, level = 0): Tile[] {
    const tile = (this.open[level] ??= { full: 0, hashes: [] });
    tile.hashes.push(hash);
    if (tile.hashes.length < tileWidth) return [];
    const done = { level, index: tile.full, hashes: Buffer.concat(tile.hashes) };
    const root = perfectRoot(tile.hashes);
    this.open[level] = { full: tile.full + 1, hashes: [] };
    return [done, ...this.add(root, level + 1)];
  }

  unfinished(): Tile[] {
    return this.open.flatMap(({ full, hashes }, level) =>
      hashes.length === 0 ? [] : [{ level, index: full, hashes: Buffer.concat(hashes) }],
    );
  }

  /** How many tiles each level has. */
  levels(): { level: number; tiles: number }[] {
    return this.open.map(({ full, hashes }, level) => ({ level, tiles: full + (hashes.length > 0 ? 1 : 0) }));
  }
}

/** The changed tiles before those that are kept. */
export function withChanged(tiles: TileReader, changed: readonly Tile[]): TileReader {
  const byName = new Map(changed.map(({ level, index, hashes }) => [`${level}/${index}`, hashes]));
  return async (level, index) => byName.get(`${level}/${index}`) ?? tiles(level, index);
}

function hashesIn(tile: Buffer): Buffer[] {
  return Array.from({ length: tile.length / hashLength }, (_, nth) =>
    tile.subarray(nth * hashLength, (nth + 1) * hashLength),
  );
}

/** Of a power of two hashes. */
function perfectRoot(hashes: readonly Buffer[]): Buffer {
  let row = hashes;
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, nth) => nodeHash(row[2 * nth]!, row[2 * nth + 1]!));
  }
  return combine(row);
}
