import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { signWebhook, WebhookSignatures } from '../../src/idenfy/signature.js';

// Made with `openssl dgst -sha256 -hmac test-signing-key`, so that both sides cannot be wrong in the same way.
const vector = {
  key: 'test-signing-key',
  body: Buffer.from(
    '{"id": "8d471b4c-3822-4547-aec5-a9d0cc0aa105", "scanRef": "8df398bb-7340-11ee-9aec-0221b1f59063", ' +
      '"clientId": "FD155HLZ5Z", "status": "EXPIRED", "token": "UbYZnDdrTElsSDBQFeNkd8MxI9CpSEO0qR5jtRcz", ' +
      '"type": "AUTHENTICATION", "method": "FACE_MATCHING", "facePhoto": null}',
  ),
  signature: '916ca0eafe45f2e18c14d5687faef3832e0346ef1f48658f3f3adc188489975c',
};

describe('the signature of a webhook', () => {
  it('is that of the known vector', () => {
    expect(vector.body).toHaveLength(269);
    expect(signWebhook(vector.body, vector.key)).toBe(vector.signature);
    expect(new WebhookSignatures([vector.key]).verify(vector.body, vector.signature)).toBe(0);
  });

  it('tells which of several keys has signed', () => {
    const signatures = new WebhookSignatures(['new', vector.key, 'old']);
    expect(signatures.verify(vector.body, vector.signature)).toBe(1);
    expect(signatures.verify(vector.body, signWebhook(vector.body, 'old'))).toBe(2);
    expect(signatures.verify(vector.body, signWebhook(vector.body, 'other'))).toBeNull();
  });

  it('is over bytes: the same JSON written otherwise does not verify', () => {
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(vector.body.toString())));
    expect(new WebhookSignatures([vector.key]).verify(rewritten, vector.signature)).toBeNull();
  });

  it('never verifies without keys', () => {
    expect(new WebhookSignatures([]).verify(vector.body, vector.signature)).toBeNull();
    expect(new WebhookSignatures([]).verify(vector.body, signWebhook(vector.body, ''))).toBeNull();
  });

  it('takes no empty key, with which everybody could sign', () => {
    expect(() => new WebhookSignatures(['good', ''])).toThrow('may not be empty');
  });

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['in upper case', vector.signature.toUpperCase()],
    ['with a prefix', `sha256=${vector.signature}`],
    ['with white space', ` ${vector.signature}`],
    ['with a line end', `${vector.signature}\n`],
    ['cut', vector.signature.slice(0, 62)],
    ['twice', `${vector.signature},${vector.signature}`],
  ])('is refused when it comes %s', (_, header) => {
    expect(new WebhookSignatures([vector.key]).verify(vector.body, header)).toBeNull();
  });

  it('verifies what was signed, and nothing after any one bit has changed', () => {
    const property = fc.property(
      fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ minLength: 1 }),
      fc.nat(),
      (body, key, at) => {
        const signatures = new WebhookSignatures([key]);
        const signature = signWebhook(body, key);
        expect(signatures.verify(body, signature)).toBe(0);
        const bit = at % (body.length * 8);
        body[bit >> 3]! ^= 1 << (bit & 7);
        expect(signatures.verify(body, signature)).toBeNull();
      },
    );
    fc.assert(property);
  });
});
