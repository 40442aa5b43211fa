import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  consistencyProof,
  Frontier,
  inclusionProof,
  isConsistent,
  leafHash,
  type NodeReader,
  rangeProof,
  rootFromInclusion,
  rootFromRange,
  rootOf,
} from '../../src/journal/tree/merkle.js';
import { extend, nodesOf, type Tile, TileBuilder, type TileReader } from '../../src/journal/tree/tiles.js';

/** Leaves and roots of the reference implementation of Certificate Transparency (merkle_tree_test). */
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

/** A tree in memory, kept in tiles as the database keeps it, and grown in steps. */
async function grown(hashes: readonly Buffer[], steps: number): Promise<NodeReader> {
  const tiles = new Map<string, Buffer>();
  const read: TileReader = async (level, index) => tiles.get(`${level}/${index}`) ?? null;
  for (let at = 0; at < hashes.length; at += steps) {
    for (const { level, index, hashes: all } of await extend(read, at, hashes.slice(at, at + steps))) {
      tiles.set(`${level}/${index}`, all);
    }
  }
  return nodesOf(read);
}

const hex = (buffers: readonly Buffer[]) => buffers.map((buffer) => buffer.toString('hex'));
const hashesOf = (texts: readonly string[]) => texts.map((text) => leafHash(Buffer.from(text, 'hex')));

describe('the tree of RFC 6962', () => {
  it('has the roots of the reference implementation, at every size', async () => {
    expect((await rootOf(await grown([], 1), 0)).toString('hex')).toBe(createHash('sha256').digest('hex'));
    const read = await grown(hashesOf(leaves), 3);
    const found = await Promise.all(roots.map((_, n) => rootOf(read, n + 1)));
    expect(hex(found)).toEqual(roots);
    const frontier = new Frontier();
    for (const [n, leaf] of hashesOf(leaves).entries()) {
      frontier.add(leaf);
      expect(frontier.root().toString('hex')).toBe(roots[n]);
    }
  });

  it('shows by its consistency proofs that each size extends each smaller one, and no other tree', async () => {
    const hashes = Array.from({ length: 21 }, (_, n) => leafHash(`leaf ${n}`));
    const read = await grown(hashes, 4);
    const other = await grown([leafHash('another'), ...hashes.slice(1)], 4);
    for (let to = 0; to <= hashes.length; to += 1) {
      for (let from = 0; from <= to; from += 1) {
        const proof = await consistencyProof(read, from, to);
        const head = { size: to, root: await rootOf(read, to) };
        const holds = (tree: NodeReader, root: Promise<Buffer> = rootOf(tree, from)) =>
          root.then((found) => isConsistent({ size: from, root: found }, head, proof));
        expect(await holds(read)).toBe(true);
        if (from > 0) expect(await holds(other)).toBe(false);
        expect(isConsistent({ size: from, root: await rootOf(read, from) }, head, [...proof, head.root])).toBe(false);
      }
    }
  });

  it('has the same tiles when it is made at once as when it grows', async () => {
    const hashes = Array.from({ length: 256 * 3 + 3 }, (_, n) => leafHash(String(n)));
    const builder = new TileBuilder();
    const tiles: Tile[] = [...hashes.flatMap((hash) => builder.add(hash)), ...builder.unfinished()];
    const byName = new Map(tiles.map(({ level, index, hashes: all }) => [`${level}/${index}`, all]));
    const read = nodesOf(async (level, index) => byName.get(`${level}/${index}`) ?? null);
    expect(await rootOf(read, hashes.length)).toEqual(await rootOf(await grown(hashes, 2000), hashes.length));
    expect(builder.levels()).toEqual([
      { level: 0, tiles: 4 },
      { level: 1, tiles: 1 },
    ]);
  });

  it('has the paths and proofs of the reference implementation', async () => {
    const read = await grown(hashesOf(leaves), 8);
    expect(hex(await inclusionProof(read, 0, 1))).toEqual([]);
    expect(hex(await inclusionProof(read, 5, 8))).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hex(await inclusionProof(read, 2, 3))).toEqual([
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    ]);
    expect(hex(await consistencyProof(read, 6, 8))).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
    expect(hex(await consistencyProof(read, 2, 5))).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
    expect(await consistencyProof(read, 8, 8)).toEqual([]);
  });

  it('is the same however it has grown, over many tiles', async () => {
    const hashes = Array.from({ length: 70_000 }, (_, n) => leafHash(String(n)));
    const frontier = new Frontier();
    hashes.forEach((hash) => frontier.add(hash));
    for (const steps of [70_000, 997]) {
      expect(await rootOf(await grown(hashes, steps), hashes.length)).toEqual(frontier.root());
    }
  });

  it('proves every leaf of every small size, and no other', async () => {
    const hashes = Array.from({ length: 40 }, (_, n) => leafHash(String(n)));
    const read = await grown(hashes, 7);
    for (let size = 1; size <= hashes.length; size += 1) {
      const root = await rootOf(read, size);
      for (let index = 0; index < size; index += 1) {
        const path = await inclusionProof(read, index, size);
        expect(rootFromInclusion(hashes[index]!, index, size, path)).toEqual(root);
        expect(rootFromInclusion(randomBytes(32), index, size, path)).not.toEqual(root);
        expect(rootFromInclusion(hashes[index]!, index, size, [...path, randomBytes(32)])).toBeNull();
      }
    }
  });

  it('proves ranges of leaves, and none that is changed or shifted', async () => {
    const hashes = Array.from({ length: 21 }, (_, n) => leafHash(String(n)));
    const read = await grown(hashes, 5);
    for (const size of [1, 2, 7, 16, 21]) {
      const root = await rootOf(read, size);
      for (let start = 0; start <= size; start += 1) {
        for (let end = start; end <= size; end += 1) {
          const proof = await rangeProof(read, start, end, size);
          expect(rootFromRange((index) => hashes[index]!, start, end, size, proof)).toEqual(root);
          expect(rootFromRange((index) => hashes[index]!, start, end, size, [...proof, root])).toBeNull();
          if (end > start) {
            expect(rootFromRange(() => randomBytes(32), start, end, size, proof)).not.toEqual(root);
          }
        }
      }
    }
  });
});
