/**
 * Verifies files of the service with the file and a key alone: no database, no network. An export is read line by line,
 * and needs 32 bytes of memory for each event. Pure.
 */
import type { Json } from '../../core/canonical-json.js';
import { isOnePlatform } from '../../core/platform.js';
import { type JournalEvent, platformOf } from '../journal-event.js';
import { rootFromInclusion, rootFromRange } from '../tree/merkle.js';
import { isSignedPlatformStatement } from './platform-statement.js';
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
/** The events of one platform. The proofs do not show that none was left out: `origin` vouches for their number. */
type GoodPlatformExport = { ok: true; kind: 'platform-export'; platform: string } & ProvenRange;

export interface BadFile {
  ok: false;
  /** of the first bad event, as exactly as it can be known; null: the reason is not about one event */
  position: number | null;
  reason: string;
}

export type ExportVerdict = GoodExport | GoodPlatformExport | BadFile;

const lastLineKind = 'facecode-export-proof';
const proofMembers = ['kind', 'version', 'from', 'to', 'treeSize', 'checkpoint', 'verifierKey', 'publicKey', 'hashes'];

const platformProofMembers = 'kind,version,platform,from,to,events,treeSize,checkpoint,verifierKey,publicKey,signature';
const notCanonical = 'it is not JSON that RFC 8785 can express';

export const bad = (position: number | null, reason: string): BadFile => ({ ok: false, position, reason });

/** @param lines of an NDJSON export, without line ends @param trusted null: use the key in the file */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  trusted: TrustedKey | null,
): Promise<ExportVerdict> {
  let events: ExportedEvents | PlatformEvents | null = null;
  let proof: JsonObject | null = null;
  for await (const line of lines) {
    if (proof) return bad(null, 'something follows the proof');
    const value = parseJson(line);
    // If a member occurs twice, another reader may see a value that was not proven.
    if (!isObject(value) || JSON.stringify(value) !== line)
      return bad(events?.next ?? null, 'the line is not as it was written');
    if (value.kind === lastLineKind) proof = value;
    else {
      events ??= value.proof === undefined ? new ExportedEvents() : new PlatformEvents();
      const fault = events.add(value);
      if (fault) return fault;
    }
  }
  if (!proof) return bad(events?.next ?? null, 'the file ends here, without its proof');
  if (proof.version === 2) {
    return events instanceof ExportedEvents
      ? bad(events.first, 'the events have no proofs')
      : provePlatform(events ?? new PlatformEvents(), proof, trusted);
  }
  return events instanceof PlatformEvents
    ? bad(null, 'the proof is not as it was written')
    : prove(events ?? new ExportedEvents(), proof, trusted);
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

  /** @returns what is wrong with it */
  add(event: JsonObject): BadFile | null {
    const { position } = event;
    if (!isPositive(position)) return bad(this.next, 'the line is not an event');
    if (this.next !== null && position !== this.next) return bad(this.next, `position ${position} is in its place`);
    this.first ??= position;
    const reason = this.checks.look(event, this.first === 1);
    const leaf = leafHashOf(event);
    if (reason !== null || leaf === null) return bad(this.next, reason ?? notCanonical);
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

interface EventOfPlatform {
  position: number;
  platform: string | null;
}

/** Events of one platform, each with its own proof. All must lead to the same root. */
class PlatformEvents {
  first: EventOfPlatform | null = null;
  last: EventOfPlatform | null = null;
  count = 0;
  tree: { size: number; root: Buffer } | null = null;
  private readonly checks = new EventChecks(false);

  /** The position of the next event is not known. */
  readonly next = null;

  get erased(): number {
    return this.checks.erased;
  }

  /** @returns what is wrong with it */
  add({ proof, ...event }: JsonObject): BadFile | null {
    const { position } = event;
    if (!isPositive(position)) return bad(null, 'the line is not an event');
    if (this.last && position <= this.last.position)
      return bad(position, `it comes after position ${this.last.position}`);
    const tree = provenTree(event, position, proof);
    if (!tree) return bad(position, 'its proof is missing or does not belong to it');
    this.tree ??= tree;
    if (tree.size !== this.tree.size || !tree.root.equals(this.tree.root)) {
      return bad(position, 'the event or its proof is not what was signed');
    }
    const platform = platformOf(event as unknown as JournalEvent);
    if (this.first && platform !== this.first.platform) return bad(position, 'it is of another platform');
    const reason = this.checks.look(event);
    if (reason) return bad(position, reason);
    this.last = { position, platform };
    this.first ??= this.last;
    this.count += 1;
    return null;
  }
}

/** The tree that the proof leads to; null if it leads nowhere. */
function provenTree(
  event: JsonObject,
  position: number,
  proof: Json | undefined,
): { size: number; root: Buffer } | null {
  if (!isObject(proof) || !hasMembers(proof, ['treeSize', 'leafIndex', 'hashes'])) return null;
  const { treeSize: size, leafIndex } = proof;
  const [leaf, hashes] = [leafHashOf(event), readHashes(proof.hashes)];
  if (!leaf || !hashes || !isPositive(size) || leafIndex !== position - 1 || position > size) return null;
  const root = rootFromInclusion(leaf, position - 1, size, hashes);
  return root && { size, root };
}

function provePlatform(found: PlatformEvents, proof: JsonObject, trusted: TrustedKey | null): ExportVerdict {
  if (Object.keys(proof).join() !== platformProofMembers) return bad(null, 'the proof is not as it was written');
  const { platform, from, to, events, signature } = proof;
  const tree = readSignedTree(proof, trusted);
  if (typeof tree === 'string') return bad(null, tree);
  if (found.tree && (found.tree.size !== tree.size || !found.tree.root.equals(tree.root))) {
    return bad(found.first?.position ?? null, 'from here on the events or their proofs are not what was signed');
  }
  if (!isOnePlatform(platform) || !isPositive(from) || typeof to !== 'number' || typeof events !== 'number') {
    return bad(null, 'the proof is not as it was written');
  }
  if (found.first && found.first.platform !== platform) return bad(found.first.position, `it is not of ${platform}`);
  const kind = 'facecode-platform-export-statement';
  const statement = { kind, version: 1, platform, from, to, events, treeSize: tree.size } as const;
  if (!isSignedPlatformStatement(statement, signature, tree.key)) {
    return bad(null, 'its number of events is not signed with that key');
  }
  const [first, last] = [found.first?.position ?? from, found.last?.position ?? from];
  if (found.count !== events || first < from || (events > 0 && last > to)) {
    return bad(null, `${platform} has ${events} events at the positions ${from} to ${to}, the file has ${found.count}`);
  }
  const { size: treeSize, origin, keyId } = tree;
  const range = { events, erased: found.erased, from, to, treeSize, origin, keyId };
  return { ok: true, kind: 'platform-export', platform, ...range };
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
