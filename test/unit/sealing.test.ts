import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { digestPurposes, KeyedDigests } from '../../src/core/keyed-digests.js';
import { purposeKey } from '../../src/core/purpose-keys.js';
import { Sealer, sealingKeyId } from '../../src/core/sealing.js';

const oldKey = Buffer.alloc(32, 1);
const newKey = Buffer.alloc(32, 2);
const sealer = new Sealer([oldKey]);
const context = 'attempt-secret:att_1';
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

// version (1) · key id (4) · nonce (12) · tag (16)
const overhead = 33;

describe('a sealed value', () => {
  it('opens to the bytes that were sealed, whatever they are', () => {
    fc.assert(
      fc.property(bytes, fc.string(), (plain, anyContext) => {
        const sealed = sealer.seal(plain, anyContext);
        expect(sealer.open(sealed, anyContext).equals(plain)).toBe(true);
        expect(sealed).toHaveLength(overhead + plain.length);
      }),
    );
  });

  it('opens to the text that was sealed, in UTF-8', () => {
    expect(sealer.open(sealer.seal('žodis 😀', context), context).toString('utf8')).toBe('žodis 😀');
  });

  it('opens to the JSON that was sealed', () => {
    const value = { token: 't', code: null, list: [1, 'ž'] };
    expect(sealer.openJson(sealer.sealJson(value, context), context)).toEqual(value);
  });

  it('does not hold its text in the clear', () => {
    expect(sealer.seal('the digits are 123456', context).includes('123456')).toBe(false);
  });

  it('differs from another of the same text, in the nonce and after it', () => {
    const all = Array.from({ length: 200 }, () => sealer.seal('the same', context));
    expect(new Set(all.map((sealed) => sealed.subarray(5, 17).toString('hex'))).size).toBe(all.length);
    expect(new Set(all.map((sealed) => sealed.subarray(overhead).toString('hex'))).size).toBe(all.length);
  });

  it('does not open in another context', () => {
    fc.assert(
      fc.property(bytes, fc.string(), fc.string(), (plain, mine, other) => {
        fc.pre(Buffer.from(mine).compare(Buffer.from(other)) !== 0);
        expect(() => sealer.open(sealer.seal(plain, mine), other)).toThrow();
      }),
    );
  });

  it('does not open in a context that only begins alike', () => {
    const sealed = sealer.seal('mine', 'attempt-secret:att_1');
    expect(() => sealer.open(sealed, 'attempt-secret:att_12')).toThrow();
    expect(() => sealer.open(sealed, '')).toThrow();
  });

  it('does not open with another key, and says that the key is not configured', () => {
    const sealed = sealer.seal('mine', context);
    expect(() => new Sealer([newKey]).open(sealed, context)).toThrow('FACECODE_ENCRYPTION_KEY');
  });

  it('does not open with another key that passes itself off by the key id', () => {
    const other = new Sealer([newKey]);
    const id = other.seal('', context).subarray(1, 5);
    const sealed = sealer.seal('mine', context);
    id.copy(sealed, 1);
    expect(() => other.open(sealed, context)).toThrow();
  });

  it('does not open when any single bit of it is flipped', () => {
    const sealed = sealer.seal('five digits', context);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => sealer.open(changed, context)).toThrow();
    }
    expect(sealer.open(sealed, context).toString()).toBe('five digits');
  });

  it('does not open when it is cut short or added to', () => {
    const sealed = sealer.seal('five digits', context);
    for (let length = 0; length < sealed.length; length++) {
      expect(() => sealer.open(sealed.subarray(0, length), context)).toThrow();
      expect(() => sealer.open(sealed.subarray(sealed.length - length), context)).toThrow();
    }
    expect(() => sealer.open(Buffer.concat([sealed, Buffer.of(0)]), context)).toThrow();
  });

  it('is nothing that noise could be', () => {
    for (let length = 0; length < 100; length++) {
      expect(() => sealer.open(randomBytes(length), context)).toThrow();
    }
  });
});

describe('rotation', () => {
  const rotated = new Sealer([newKey, oldKey]);

  it('opens what the former key has sealed', () => {
    expect(rotated.open(sealer.seal('old', context), context).toString()).toBe('old');
  });

  it('seals with the new key', () => {
    const sealed = rotated.seal('new', context);
    expect(new Sealer([newKey]).open(sealed, context).toString()).toBe('new');
    expect(() => sealer.open(sealed, context)).toThrow('FACECODE_ENCRYPTION_KEY');
  });

  it('ends when the former key is taken away', () => {
    expect(() => new Sealer([newKey]).open(sealer.seal('old', context), context)).toThrow('not configured');
  });
});

describe('the keys of a sealer', () => {
  it('are at least one', () => {
    expect(() => new Sealer([])).toThrow('sealing needs a key');
  });

  it.each([0, 16, 31, 33])('are not %i bytes long', (length) => {
    expect(() => new Sealer([oldKey, Buffer.alloc(length)])).toThrow('a sealing key has 32 bytes');
  });

  it('do not show in what they seal', () => {
    const key = randomBytes(32);
    const sealed = new Sealer([key]).seal(Buffer.alloc(64), context);
    for (let start = 0; start <= 28; start++) expect(sealed.includes(key.subarray(start, start + 4))).toBe(false);
  });
});

/** Written after RFC 5869 and the layout in sealing.ts, without their code. */
describe('one key for each purpose', () => {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', oldKey, '', `facecode/${purpose}`, 32));
  const sealedWith = (version: number, key: Buffer, plain: string): Buffer => {
    const header = Buffer.concat([Buffer.of(version), sealingKeyId(oldKey)]);
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(Buffer.concat([header, Buffer.from(context)]));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([header, nonce, cipher.getAuthTag(), body]);
  };

  it('seals with a key that is derived for sealing, never with the configured key', () => {
    const sealed = sealer.seal('mine', context);
    const openWith = (key: Buffer) => {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(5, 17));
      decipher.setAAD(Buffer.concat([sealed.subarray(0, 5), Buffer.from(context)]));
      decipher.setAuthTag(sealed.subarray(17, 33));
      return Buffer.concat([decipher.update(sealed.subarray(33)), decipher.final()]).toString();
    };
    expect(openWith(derive('seal'))).toBe('mine');
    expect(() => openWith(oldKey)).toThrow();
    expect(sealed[0]).toBe(2);
  });

  it('still opens what earlier versions sealed with the configured key, and knows that it is not current', () => {
    const earlier = sealedWith(1, oldKey, 'of before');
    expect(sealer.open(earlier, context).toString()).toBe('of before');
    expect(sealer.isCurrent(earlier)).toBe(false);
    expect(sealer.isCurrent(sealer.seal('now', context))).toBe(true);
    // One layout does not open as the other.
    expect(() => sealer.open(sealedWith(1, derive('seal'), 'x'), context)).toThrow();
    expect(() => sealer.open(sealedWith(2, oldKey, 'x'), context)).toThrow();
  });

  it('makes each kind of digest with a key of its own', () => {
    const digests = new KeyedDigests([newKey, oldKey]);
    const keys = ['seal', ...digestPurposes.map((purpose) => `digest/${purpose}`)].map((one) =>
      purposeKey(oldKey, one),
    );
    expect(new Set([oldKey, ...keys].map((key) => key.toString('hex'))).size).toBe(digestPurposes.length + 2);
    for (const purpose of digestPurposes) {
      const own = Buffer.from(hkdfSync('sha256', newKey, '', `facecode/digest/${purpose}`, 32));
      expect(digests.of(purpose, 'x')).toEqual(createHmac('sha256', own).update('x').digest());
    }
  });

  it('finds a digest under every configured key, and as earlier versions made it', () => {
    const rotated = new KeyedDigests([newKey, oldKey]);
    const all = (text: string) => rotated.all('ip', text).map((digest) => digest.toString('hex'));
    expect(all('192.0.2.1')[0]).toBe(rotated.of('ip', '192.0.2.1').toString('hex'));
    for (const key of [newKey, oldKey]) {
      expect(all('192.0.2.1')).toContain(new KeyedDigests([key]).of('ip', '192.0.2.1').toString('hex'));
      expect(all('192.0.2.1')).toContain(createHmac('sha256', key).update('ip:192.0.2.1').digest('hex'));
    }
  });
});
