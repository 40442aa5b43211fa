/**
 * Recomputes the journal from its rows and holds it against everything that was written down when it was sealed: the
 * leaves in the tiles, the tiles of the next level, and the root of every signed checkpoint.
 */
import { Inject, Injectable } from '@nestjs/common';
import { JOURNAL_KEY } from './journal-key.js';
import { leafOf } from './leaf.js';
import { Frontier, hashLength, leafHash } from './merkle.js';
import { JournalProofs } from './journal-proofs.service.js';
import { SealingStore } from './sealing.store.js';
import { type NoteSigner, openCheckpoint } from './signed-note.js';
import type { TileReader } from './tiles.js';
import { type SealedCheckpoint, TreeStore } from './tree.store.js';

const page = 2000;
const tileWidth = 256;

/** What is wrong: the event, the tree it was sealed into, its place, or the signature over all of it. */
type Reason = 'event' | 'tree' | 'gap' | 'truncated' | 'checkpoint' | 'signature';

export interface Verification {
  valid: boolean;
  size: number;
  root: Buffer;
  firstBadPosition: number | null;
  reason: Reason | null;
}

interface Fault {
  position: number;
  reason: Reason;
}

@Injectable()
export class JournalVerification {
  constructor(
    @Inject(SealingStore) private readonly events: SealingStore,
    @Inject(TreeStore) private readonly tree: TreeStore,
    @Inject(JournalProofs) private readonly proofs: JournalProofs,
    @Inject(JOURNAL_KEY) private readonly signer: NoteSigner,
  ) {}

  /** In constant memory. What is sealed while it runs is not looked at. */
  async verify(): Promise<Verification> {
    const { size, root, note } = await this.proofs.latest();
    const fault = (await this.walk(size)) ?? (await this.atTheEnd({ size, root, note }));
    const [firstBadPosition, reason] = fault ? [fault.position, fault.reason] : [null, null];
    return { valid: fault === null, size, root, firstBadPosition, reason };
  }

  private async walk(size: number): Promise<Fault | null> {
    const checks = new Checkpoints(this.tree, size, this.signer);
    const walked = new WalkedTree(this.tree.tiles());
    for (let after = 0; after < size;) {
      const events = await this.events.sealed(after, size, page);
      // A row that is gone leaves a hole; one that is gone at the end leaves a journal shorter than its checkpoint.
      if (events.length === 0) return { position: after + 1, reason: 'truncated' };
      for (const event of events) {
        if (event.position !== after + 1) return { position: after + 1, reason: 'gap' };
        const reason = await walked.add(leafHash(leafOf(event)));
        if (reason) return { position: event.position, reason };
        const fault = await checks.at(walked);
        if (fault) return fault;
        after += 1;
      }
    }
    return null;
  }

  /** The newest checkpoint is what everybody goes by: it has to be there, of this root, and signed with our key. */
  private async atTheEnd({ size, root, note }: SealedCheckpoint): Promise<Fault | null> {
    const said = openCheckpoint(note, this.signer);
    if (!said || said.size !== size || !said.root.equals(root)) return { position: size, reason: 'signature' };
    const kept = await this.proofs.rootAt(size).catch(() => null);
    return kept?.equals(root) ? null : { position: size, reason: 'tree' };
  }
}

/** The tree as it comes out of the rows, held against the tiles on the way. */
class WalkedTree {
  readonly frontier = new Frontier();
  /** of the tile that is being filled */
  private tile = new Frontier();
  private hashes: Buffer | null = null;
  private parents: Buffer | null = null;

  constructor(private readonly tiles: TileReader) {}

  /** @returns what is wrong with the leaf, or with the tile that it completes */
  async add(leaf: Buffer): Promise<Reason | null> {
    const index = this.frontier.size;
    const [number, place] = [Math.floor(index / tileWidth), index % tileWidth];
    if (place === 0) {
      this.hashes = await this.tiles(0, number);
      this.tile = new Frontier();
    }
    if (!hashAt(this.hashes, place)?.equals(leaf)) return 'event';
    this.frontier.add(leaf);
    this.tile.add(leaf);
    return place === tileWidth - 1 ? this.completes(number) : null;
  }

  private async completes(number: number): Promise<Reason | null> {
    const [parent, place] = [Math.floor(number / tileWidth), number % tileWidth];
    if (place === 0) this.parents = await this.tiles(1, parent);
    return hashAt(this.parents, place)?.equals(this.tile.root()) ? null : 'tree';
  }
}

function hashAt(tile: Buffer | null, place: number): Buffer | null {
  const hash = tile?.subarray(place * hashLength, (place + 1) * hashLength);
  return hash?.length === hashLength ? hash : null;
}

/** Every checkpoint that was signed, in its turn. */
class Checkpoints {
  private waiting: SealedCheckpoint[] = [];
  private read = 0;
  private lastGood = 0;

  constructor(
    private readonly tree: TreeStore,
    private readonly size: number,
    private readonly signer: NoteSigner,
  ) {}

  /** @returns the first position that the last good checkpoint did not cover, when the next one does not hold */
  async at({ frontier }: WalkedTree): Promise<Fault | null> {
    const next = await this.next();
    if (!next || next.size > frontier.size) return null;
    this.waiting.shift();
    const reason = this.wrongWith(next, frontier.root());
    if (reason) return { position: this.lastGood + 1, reason };
    this.lastGood = next.size;
    return null;
  }

  private wrongWith({ size, root, note }: SealedCheckpoint, computed: Buffer): Reason | null {
    if (!root.equals(computed)) return 'checkpoint';
    const said = openCheckpoint(note, this.signer);
    // One of an earlier key cannot be checked with ours; the newest has to be of ours and covers it.
    if (!said) return isOfKey(note, this.signer) ? 'signature' : null;
    return said.size === size && said.root.equals(root) ? null : 'checkpoint';
  }

  private async next(): Promise<SealedCheckpoint | null> {
    if (this.waiting.length === 0 && this.read < this.size) {
      this.waiting = await this.tree.checkpoints(this.read, this.size, page);
      this.read = this.waiting.at(-1)?.size ?? this.size;
    }
    return this.waiting[0] ?? null;
  }
}

/** Whether a signature of the note claims to be of that key. */
function isOfKey(note: string, { keyId }: NoteSigner): boolean {
  return [...note.matchAll(/^— \S+ ([A-Za-z0-9+/=]+)$/gm)].some(([, signature]) =>
    Buffer.from(signature ?? '', 'base64')
      .subarray(0, keyId.length)
      .equals(keyId),
  );
}
