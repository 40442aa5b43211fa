/**
 * The Merkle tree of RFC 6962, section 2.1: hashes, roots and proofs. Pure; where the nodes lie is the reader's business.
 * Sizes and indexes are whole numbers below 2^53, so no bit operators (they stop at 2^31).
 */
import { createHash } from 'node:crypto';

export const hashLength = 32;

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

export const leafHash = (leaf: string | Buffer): Buffer =>
  createHash('sha256').update(leafPrefix).update(leaf).digest();

export const nodeHash = (left: Buffer, right: Buffer): Buffer =>
  createHash('sha256').update(nodePrefix).update(left).update(right).digest();

/** Root of the tree without leaves. */
export const emptyRoot = createHash('sha256').digest();

/** Gives roots of perfect subtrees: the leaves from `index * 2^height` on, `2^height` of them. */
export type NodeReader = (height: number, index: number) => Promise<Buffer>;

/** Largest power of two below n, for n > 1. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The perfect subtrees that leaves from `start` on fall into, `count` of them; `start` is a multiple of the largest. */
function* perfectSubtrees(start: number, count: number): Generator<{ height: number; index: number }> {
  let at = start;
  let left = count;
  while (left > 0) {
    const height = Math.floor(Math.log2(left));
    const size = 2 ** height;
    yield { height, index: at / size };
    at += size;
    left -= size;
  }
}

/** Combines the roots of perfect subtrees that get smaller from left to right. */
export function combine(roots: readonly Buffer[]): Buffer {
  return roots.length === 0 ? emptyRoot : roots.reduceRight((right, left) => nodeHash(left, right));
}

async function rangeRoot(read: NodeReader, start: number, count: number): Promise<Buffer> {
  const roots: Buffer[] = [];
  for (const { height, index } of perfectSubtrees(start, count)) roots.push(await read(height, index));
  return combine(roots);
}

/** MTH(D[size]) */
export const rootOf = (read: NodeReader, size: number): Promise<Buffer> => rangeRoot(read, 0, size);

/** PATH(leafIndex, D[size]), section 2.1.1. */
export async function inclusionProof(read: NodeReader, leafIndex: number, size: number): Promise<Buffer[]> {
  if (leafIndex < 0 || leafIndex >= size) throw new RangeError('the leaf is not in the tree');
  const path: Buffer[] = [];
  let [start, count] = [0, size];
  while (count > 1) {
    const k = split(count);
    if (leafIndex - start < k) {
      path.unshift(await rangeRoot(read, start + k, count - k));
      count = k;
    } else {
      path.unshift(await rangeRoot(read, start, k));
      start += k;
      count -= k;
    }
  }
  return path;
}

/** PROOF(from, D[to]), section 2.1.2; empty when nothing has to be shown. */
export async function consistencyProof(read: NodeReader, from: number, to: number): Promise<Buffer[]> {
  if (from < 0 || from > to) throw new RangeError('the smaller tree comes first');
  if (from === 0 || from === to) return [];
  const proof: Buffer[] = [];
  let [start, count, known] = [0, to, true];
  while (from - start !== count) {
    const k = split(count);
    if (from - start <= k) {
      proof.unshift(await rangeRoot(read, start + k, count - k));
      count = k;
    } else {
      proof.unshift(await rangeRoot(read, start, k));
      start += k;
      count -= k;
      known = false;
    }
  }
  if (!known) proof.unshift(await rangeRoot(read, start, count));
  return proof;
}

/**
 * What is needed besides the leaves from `start` to before `end` to compute the root: the roots of the largest subtrees
 * outside, from left to right. Not of RFC 6962, but verified by its hashes alone.
 */
export async function rangeProof(read: NodeReader, start: number, end: number, size: number): Promise<Buffer[]> {
  const proof: Buffer[] = [];
  const walk = async (at: number, count: number): Promise<void> => {
    if (at >= start && at + count <= end) return;
    if (at + count <= start || at >= end) {
      proof.push(await rangeRoot(read, at, count));
      return;
    }
    const k = split(count);
    await walk(at, k);
    await walk(at + k, count - k);
  };
  if (size > 0) await walk(0, size);
  return proof;
}

/** @returns null when the proof has not the shape it should have */
export function rootFromRange(
  leaf: (index: number) => Buffer,
  start: number,
  end: number,
  size: number,
  proof: readonly Buffer[],
): Buffer | null {
  if (size === 0) return proof.length === 0 ? emptyRoot : null;
  let used = 0;
  const walk = (at: number, count: number): Buffer | null => {
    if (at + count <= start || at >= end) return proof[used++] ?? null;
    if (count === 1) return leaf(at);
    const k = split(count);
    const left = walk(at, k);
    const right = walk(at + k, count - k);
    return left && right && nodeHash(left, right);
  };
  const root = walk(0, size);
  return used === proof.length ? root : null;
}

/** The root that an inclusion proof leads to (RFC 9162, 2.1.3.2). @returns null when its length is wrong */
export function rootFromInclusion(
  leaf: Buffer,
  leafIndex: number,
  size: number,
  path: readonly Buffer[],
): Buffer | null {
  if (leafIndex < 0 || leafIndex >= size) return null;
  let [fn, sn, root] = [leafIndex, size - 1, leaf];
  for (const node of path) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(node, root);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      root = nodeHash(root, node);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  return sn === 0 ? root : null;
}

/** A tree by its size and its root. */
export interface TreeHead {
  size: number;
  root: Buffer;
}

/** Whether a consistency proof shows that the tree `to` begins with the tree `from` (RFC 9162, 2.1.4.2). */
export function isConsistent(from: TreeHead, to: TreeHead, proof: readonly Buffer[]): boolean {
  if (from.size > to.size) return false;
  if (from.size === to.size) return proof.length === 0 && from.root.equals(to.root);
  if (from.size === 0) return proof.length === 0 && from.root.equals(emptyRoot);
  let [fn, sn] = [from.size - 1, to.size - 1];
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  // If the smaller size is a power of two, the proof leaves out the root of that tree.
  const [first, ...path] = fn === 0 ? [from.root, ...proof] : proof;
  if (!first) return false;
  let [fromRoot, toRoot] = [first, first];
  for (const node of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fromRoot, toRoot] = [nodeHash(node, fromRoot), nodeHash(node, toRoot)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else {
      toRoot = nodeHash(toRoot, node);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && fromRoot.equals(from.root) && toRoot.equals(to.root);
}

/** Computes roots while leaves come one by one, with as many hashes in memory as the size has binary digits. */
export class Frontier {
  /** roots of perfect subtrees, the largest first */
  private readonly roots: { height: number; hash: Buffer }[] = [];
  size = 0;

  add(leaf: Buffer): void {
    let node = { height: 0, hash: leaf };
    while (this.roots.at(-1)?.height === node.height) {
      const { hash } = this.roots.pop()!;
      node = { height: node.height + 1, hash: nodeHash(hash, node.hash) };
    }
    this.roots.push(node);
    this.size += 1;
  }

  root(): Buffer {
    return combine(this.roots.map(({ hash }) => hash));
  }
}
