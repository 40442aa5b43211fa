/**
 * Verifies files of the service with the file and a key alone: no database, no network. An export is read line by line,
 * and needs 32 bytes of memory for each event. Pure.
 */
import { rootFromInclusion, rootFromRange } from '../tree/merkle.js';
import type { TrustedKey } from './trusted-key.js';
import {
  EventChecks,
  hasMembers,
  isObject,
  isPositive,
  type JsonObject,
  leafHashOf,
  parseJson,
} from './verify-event.js';
import { readHashes, readSignedTree, type SignedTree } from './verify-proof.js';

/** What was verified, for every kind of file. */
export interface ProvenRange {
  events: number;
  /** events whose personal data was erased; their proofs still hold */
  erased: number;
  /** positions; without events `to` is `from` - 1 */
  from: number;
  to: number;
  treeSize: number;
  origin: string;
  keyId: string;
}

type GoodExport = { ok: true; kind: 'export' } & ProvenRange;

export interface BadFile {
  ok: false;
  /** of the first bad event, as exactly as it can be known; null: the reason is not about one event */
  position: number | null;
  reason: string;
}

export type ExportVerdict = GoodExport | BadFile;

const proofMembers = ['kind', 'version', 'from', 'to', 'treeSize', 'checkpoint', 'verifierKey', 'publicKey', 'hashes'];

export const bad = (position: number | null, reason: string): BadFile => ({ ok: false, position, reason });

/** @param lines of an NDJSON export, without line ends @param trusted null: use the key in the file */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  trusted: TrustedKey | null,
): Promise<ExportVerdict> {
  const events = new ExportedEvents();
  let proof: JsonObject | null = null;
  for await (const line of lines) {
    if (proof) return bad(null, 'something follows the proof');
    const value = parseJson(line);
    // If a member occurs twice, another reader may see a value that was not proven.
    if (!isObject(value) || JSON.stringify(value) !== line)
      return bad(events.next, 'the line is not as it was written');
    if (value.kind === 'facecode-export-proof') proof = value;
    else {
      const reason = events.add(value);
      if (reason) return bad(events.next, reason);
    }
  }
  return proof ? prove(events, proof, trusted) : bad(events.next, 'the file ends here, without its proof');
}

/** The leaves of consecutive events. */
class ExportedEvents {
  first: number | null = null;
  readonly leaves: Buffer[] = [];
  private readonly checks = new EventChecks(false);

  /** position of the next event; null before the first */
  get next(): number | null {
    return this.first === null ? null : this.first + this.leaves.length;
  }

  get erased(): number {
    return this.checks.erased;
  }

  add(event: JsonObject): string | null {
    const { position } = event;
    if (!isPositive(position)) return 'the line is not an event';
    if (this.next !== null && position !== this.next) return `position ${position} is in its place`;
    this.first ??= position;
    const reason = this.checks.look(event, this.first === 1);
    const leaf = leafHashOf(event);
    if (reason !== null || leaf === null) return reason ?? 'it is not JSON that RFC 8785 can express';
    this.leaves.push(leaf);
    return null;
  }
}

function prove(events: ExportedEvents, proof: JsonObject, trusted: TrustedKey | null): ExportVerdict {
  const { from, to, version } = proof;
  if (version !== 1 || Object.keys(proof).join() !== proofMembers.join())
    return bad(null, 'the proof is not as it was written');
  if (!isPositive(from) || to !== from + events.leaves.length - 1 || (events.first ?? from) !== from) {
    return bad(events.next, `the proof covers the positions ${String(from)} to ${String(to)}`);
  }
  const tree = readSignedTree(proof, trusted);
  if (typeof tree === 'string') return bad(null, tree);
  const hashes = readHashes(proof.hashes);
  const root =
    hashes && to <= tree.size
      ? rootFromRange((index) => events.leaves[index - from + 1]!, from - 1, to, tree.size, hashes)
      : null;
  if (!root) return bad(null, 'the proof does not belong to this range');
  if (!root.equals(tree.root)) {
    return bad(
      events.first,
      'from here on an event, or the proof, is not what was signed (one root covers all of them)',
    );
  }
  const { size: treeSize, origin, keyId } = tree;
  return {
    ok: true,
    kind: 'export',
    events: events.leaves.length,
    erased: events.erased,
    from,
    to,
    treeSize,
    origin,
    keyId,
  };
}

/** Events of one session, each proven by the checkpoint. */
export interface ProvenEvents {
  ok: true;
  /** by `seq`, from 1 without gaps */
  events: JsonObject[];
  erased: number;
  tree: SignedTree;
}

/**
 * Verifies the events of an evidence file: each has a proof that leads to the file's checkpoint.
 * @param bundle the parsed file @param trusted null: use the key in the file
 */
export function verifyProvenEvents(bundle: JsonObject, trusted: TrustedKey | null): ProvenEvents | BadFile {
  const tree = readSignedTree(bundle, trusted);
  if (typeof tree === 'string') return bad(null, tree);
  if (!Array.isArray(bundle.events)) return bad(null, 'its events are missing');
  const checks = new EventChecks(true);
  const events: JsonObject[] = [];
  let before = 0;
  for (const entry of bundle.events as readonly unknown[]) {
    if (!isObject(entry) || !hasMembers(entry, ['event', 'proof']))
      return bad(null, 'an event or its proof is missing');
    const { event, proof } = entry;
    if (!isObject(event) || !isObject(proof) || !hasMembers(proof, ['leafIndex', 'hashes'])) {
      return bad(null, 'an event or its proof is missing');
    }
    const { position } = event;
    if (!isPositive(position)) return bad(null, 'an event has no position');
    if (position <= before) return bad(position, `it comes after position ${before}`);
    before = position;
    if (!isProven(event, position, proof, tree)) return bad(position, 'the event or its proof is not what was signed');
    const reason = checks.look(event);
    if (reason) return bad(position, reason);
    events.push(event);
  }
  return { ok: true, events, erased: checks.erased, tree };
}

function isProven(event: JsonObject, position: number, proof: JsonObject, tree: SignedTree): boolean {
  const hashes = readHashes(proof.hashes);
  const leaf = leafHashOf(event);
  if (!hashes || !leaf || proof.leafIndex !== position - 1) return false;
  return rootFromInclusion(leaf, position - 1, tree.size, hashes)?.equals(tree.root) === true;
}
