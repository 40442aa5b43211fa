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

export type TileReader = (level: number, index: number) => Promise<Buffer | null>;

/** @throws Error when a tile is missing or too short: the tree was tampered with */
export function nodesOf(tiles: TileReader): NodeReader {
  return async (height, index) => {
    const level = Math.floor(height / tileHeight);
    const width = 2 ** (height % tileHeight);
    const first = index * width;
    const hashes = await tiles(level, Math.floor(first / tileWidth));
    const at = (first % tileWidth) * hashLength;
    const slice = hashes?.subarray(at, at + width * hashLength);
    if (slice?.length !== width * hashLength) throw new Error(`the journal's tree has no node ${height}/${index}`);
    return perfectRoot(hashesIn(slice));
  };
}

/** What `added` leaves do to a tree of `size` leaves: the tiles that change, whole. */
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
        throw new Error(`tile ${level}/${index} is not as long as it was`);
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
