/**
 * The MACs of events. A process makes one when it appends an event, and the sealer refuses events with a wrong MAC. So
 * nobody can add an event without the journal's key, even with write access to the database.
 *
 * Personal data is covered by its digest, so erasure breaks no MAC.
 */
import { createHmac, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { ProvableEvent } from './event-row.js';
import { macTextOf } from './tree/leaf.js';

/** RFC 5869: the purpose that the key is derived for. */
const purpose = 'facecode event MAC v1';
/** Not the text of any event, because that is a JSON object. */
const beginning = 'facecode: from now on every event has a MAC';

export class EventMac {
  private readonly key: Buffer;

  /** @param journalKey Ed25519 private key. MACs must last as long as the journal, and this is the one key that never changes. */
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

  /** Proves that a process with the key has given MACs to the events from before there were MACs. */
  ofBeginning(): Buffer {
    return this.ofText(beginning);
  }

  private ofText(text: string): Buffer {
    return createHmac('sha256', this.key).update(text).digest();
  }
}

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
