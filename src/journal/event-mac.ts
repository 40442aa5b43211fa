/**
 * The MACs of events. A process makes one when it appends an event, and the sealer takes no event whose MAC is wrong:
 * whoever can write to the database, but has not the journal's key, can add no event.
 *
 * Personal data is covered by its digest, so erasure breaks no MAC.
 */
import { createHmac, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { ProvableEvent } from './event-row.js';
import { macTextOf } from './tree/leaf.js';

/** RFC 5869: the purpose that the key is derived for. */
const purpose = 'facecode event MAC v1';
/** No event has this text: those are JSON objects. */
const beginning = 'facecode: from now on every event has a MAC';

export class EventMac {
  private readonly key: Buffer;

  /** @param journalKey Ed25519 private key. The MACs last as long as the journal, and of all keys this one never changes. */
  constructor(journalKey: KeyObject) {
    const seed = Buffer.from(journalKey.export({ format: 'jwk' }).d!, 'base64url');
    this.key = Buffer.from(hkdfSync('sha256', seed, Buffer.alloc(0), purpose, 32));
  }

  /** @returns HMAC-SHA-256, 32 bytes */
  of(event: Omit<ProvableEvent, 'position'>): Buffer {
    return this.ofText(macTextOf(event));
  }

  isOf(event: Omit<ProvableEvent, 'position'>, mac: Buffer | null): boolean {
    return mac !== null && same(mac, this.of(event));
  }

  /** Shows that a process with the key has given the events that were recorded before there were MACs theirs. */
  ofBeginning(): Buffer {
    return this.ofText(beginning);
  }

  private ofText(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
