import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { finalStatuses } from '../../src/idenfy/contract.js';
import { parseWebhook, type ProviderResult, withoutPhoto } from '../../src/idenfy/result.js';

const token = 'UbYZnDdrTElsSDBQFeNkd8MxI9CpSEO0qR5jtRcz';
const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function resultOf(value: unknown): ProviderResult {
  const parsed = parseWebhook(bytes(value));
  if (parsed.kind !== 'result') throw new Error(parsed.reason);
  return parsed.result;
}

const photo = 'https://photos.example/face.jpg?X-Amz-Signature=abc';

describe("the webhook's result", () => {
  it('is read from the short shape', () => {
    const body = {
      token,
      clientId: 'c-1',
      scanRef: 's-1',
      status: 'SUCCESS',
      type: 'AUTHENTICATION',
      facePhoto: photo,
    };
    expect(resultOf({ ...body, method: 'FACE_MATCHING' })).toEqual({
      token,
      status: 'SUCCESS',
      rawStatus: 'SUCCESS',
      scanRef: 's-1',
      type: 'AUTHENTICATION',
      method: 'FACE_MATCHING',
      failReason: null,
      ipAddress: null,
      riskTags: [],
    });
  });

  it('is read from the long shape', () => {
    const told = { ipAddress: '203.0.113.7', failReason: 'FACE_MISMATCH', riskTags: ['UNTRUSTED_ENVIRONMENT'] };
    expect(resultOf({ id: 'i-1', token, status: 'FAILED', ...told })).toMatchObject(told);
  });

  it.each([
    ['Success', 'SUCCESS'],
    ['failed', 'FAILED'],
    ['Expired', 'EXPIRED'],
    ['CANCELLED', 'CANCELED'],
    ['Canceled', 'CANCELED'],
    ['PENDING', 'NOT_FINAL'],
    ['Pending', 'NOT_FINAL'],
    ['APPROVED', 'NOT_FINAL'],
    ['SUCCESS ', 'NOT_FINAL'],
    ['ſucceſs', 'NOT_FINAL'],
    ['', 'NOT_FINAL'],
  ])('takes the status %j for %s', (raw, status) => {
    expect(resultOf({ token, status: raw })).toMatchObject({ status, rawStatus: raw });
  });

  it('keeps an unknown status to 40 characters', () => {
    expect(resultOf({ token, status: 'X'.repeat(500) }).rawStatus).toBe('X'.repeat(40));
  });

  it('cuts long texts, and takes of the risk tags 32 texts of 64 characters', () => {
    const riskTags = [null, 7, {}, ...Array.from({ length: 40 }, (_, at) => `${at}-${'T'.repeat(100)}`)];
    const result = resultOf({ token, status: 'FAILED', riskTags });
    expect(result.riskTags).toHaveLength(32);
    expect(result.riskTags.every((tag) => tag.length === 64)).toBe(true);
  });

  it('drops what no database takes: control characters and half characters', () => {
    const result = resultOf(
      `{"token":"t","status":"F\\u0000AILED","failReason":"A\\u0000B\\ud800C","riskTags":["\\u0007x"]}`,
    );
    expect(result).toMatchObject({
      status: 'NOT_FINAL',
      rawStatus: 'FAILED',
      failReason: 'UNREADABLE',
      riskTags: ['x'],
    });
  });

  it('takes only a word for the reason, because the journal keeps it for good', () => {
    const reasonOf = (failReason: string) => resultOf({ token, status: 'FAILED', failReason }).failReason;
    expect(reasonOf('SOMETHING_NEW_2')).toBe('SOMETHING_NEW_2');
    for (const text of ['', 'Jane Sample', '38001010000', 'jane@example.com', 'F'.repeat(65)]) {
      expect(reasonOf(text)).toBe('UNREADABLE');
    }
  });

  it.each(['not an address', '203.0.113.256', '203.0.113.7/24', 7])(
    'has no address when it came as %j',
    (ipAddress) => {
      expect(resultOf({ token, status: 'FAILED', ipAddress }).ipAddress).toBeNull();
    },
  );

  it('is nothing that an object inherits or that sits in its prototype', () => {
    const result = resultOf(`{"token":"t","status":"FAILED","__proto__":{"failReason":"polluted","riskTags":["p"]}}`);
    expect(result).toMatchObject({ failReason: null, riskTags: [] });
    expect(parseWebhook(bytes('{"__proto__":{"token":"t","status":"SUCCESS"}}')).kind).toBe('malformed');
    expect(({} as Record<string, unknown>).failReason).toBeUndefined();
  });

  it.each([
    ['neither token nor scanRef', { status: 'SUCCESS' }],
    ['an empty token and no scanRef', { token: '', status: 'SUCCESS' }],
    ['empty texts for token and scanRef', { token: '', scanRef: '', status: 'SUCCESS' }],
    ['a scanRef that is a number', { scanRef: 7, status: 'SUCCESS' }],
    ['a scanRef with control characters only', { scanRef: '\u0000\n', status: 'SUCCESS' }],
    ['a token that is a number', { token: 7, status: 'SUCCESS' }],
    ['a token of 256 characters', { token: 'x'.repeat(256), status: 'SUCCESS' }],
    ['a token with a NUL', { token: 'a\0', status: 'SUCCESS' }],
    ['no status', { token }],
    ['a status that is no text', { token, status: true }],
    ['an array', [{ token, status: 'SUCCESS' }]],
    ['null', 'null'],
  ])('is malformed, though JSON, with %s', (_, body) => {
    expect(parseWebhook(bytes(body))).toMatchObject({ kind: 'malformed', notJson: false });
  });

  it.each([
    ['no token', {}],
    ['null', { token: null }],
    ['an empty token', { token: '' }],
    ['a token that is a number', { token: 7 }],
    ['a token that is an object', { token: { token } }],
    ['a token of 256 characters', { token: 'x'.repeat(256) }],
    ['a token with a NUL', { token: 'a\0' }],
  ])('may have a scanRef but no token: %s', (_, told) => {
    expect(resultOf({ ...told, scanRef: 's-1', status: 'SUCCESS' })).toMatchObject({
      token: null,
      scanRef: 's-1',
      status: 'SUCCESS',
    });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half of it', bytes('{"token":"t","status":"SUCC')],
    [
      'bytes that are no UTF-8',
      Buffer.concat([bytes('{"token":"t","status":"SUCCESS","id":"'), Buffer.of(0xff), bytes('"}')]),
    ],
  ])('is not JSON when there is %s', (_, body) => {
    expect(parseWebhook(body)).toMatchObject({ kind: 'malformed', notJson: true });
  });

  it('is malformed when it is nested deeper than 64 levels, 64 KB of them included', () => {
    const nested = (levels: number) =>
      `{"token":"t","status":"FAILED","x":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    expect(resultOf(nested(64)).status).toBe('FAILED');
    for (const levels of [65, 32_000]) {
      expect(parseWebhook(bytes(nested(levels)))).toEqual({
        kind: 'malformed',
        reason: 'the body is nested deeper than 64 levels',
        notJson: false,
      });
      expect(withoutPhoto(bytes(nested(levels))).toString()).toBe(nested(levels));
    }
  });

  it('is never thrown at, whatever the bytes', () => {
    const bodies = fc.oneof(
      fc.uint8Array().map((any) => Buffer.from(any)),
      fc.json().map(bytes),
    );
    const property = fc.property(bodies, (body) => {
      expect(parseWebhook(body).kind).toBe('malformed');
      expect(withoutPhoto(body)).toBeInstanceOf(Buffer);
    });
    fc.assert(property);
  });

  it('needs token and status only: any value in any other field changes neither', () => {
    const optional = [
      'id',
      'scanRef',
      'clientId',
      'type',
      'method',
      'failReason',
      'ipAddress',
      'riskTags',
      'facePhoto',
      'new',
    ];
    const noise = fc.dictionary(fc.constantFrom(...optional), fc.jsonValue());
    const property = fc.property(noise, fc.constantFrom(...finalStatuses), (rest, status) => {
      const result = resultOf({ ...rest, token, status });
      expect(result).toMatchObject({ token, status });
      expect(Object.keys(result)).not.toContain('facePhoto');
      expect(result.failReason?.length ?? 0).toBeLessThanOrEqual(255);
      for (const name of ['scanRef', 'type', 'method', 'failReason', 'ipAddress'] as const) {
        if (typeof rest[name] !== 'string') expect(result[name]).toBeNull();
      }
    });
    fc.assert(property);
  });

  it('is SUCCESS for no word but that one in capital and small letters', () => {
    const letters = [...'SUCCESS'].map((letter) =>
      fc.constantFrom(letter, letter, letter.toLowerCase(), letter === 'S' ? 'ſ' : `${letter} `),
    );
    const property = fc.property(fc.tuple(...letters), (parts) => {
      const status = parts.join('');
      expect(resultOf({ token, status }).status).toBe(/^success$/i.test(status) ? 'SUCCESS' : 'NOT_FINAL');
    });
    fc.assert(property);
  });
});

describe('what is kept of a webhook', () => {
  it('is all but the photo', () => {
    const body = { token, status: 'FAILED', facePhoto: photo, unknown: { a: [1, 'b'] } };
    expect(JSON.parse(withoutPhoto(bytes(body)).toString())).toEqual({ ...body, facePhoto: null });
  });

  it('has no photo of a repeated or nested member either', () => {
    const body = `{"facePhoto":"${photo}","a":{"facePhoto":"${photo}"},"facePhoto":null}`;
    expect(withoutPhoto(bytes(body)).toString()).toBe('{"facePhoto":null,"a":{"facePhoto":null}}');
  });

  it("has no address of another event's documents", () => {
    expect(withoutPhoto(bytes({ fileUrls: { FACE: photo, FRONT: `see ${photo} now` } })).toString()).toBe(
      '{"fileUrls":{"FACE":"","FRONT":"see  now"}}',
    );
  });

  it.each([photo, photo.replaceAll('/', '\\/'), 'HTTPS://A.EXAMPLE/x', encodeURIComponent('http://a.example/x')])(
    'has not %s in what is not JSON',
    (url) => {
      expect(withoutPhoto(bytes(`{"facePhoto":"${url}", broken`)).toString()).toBe('{"facePhoto":"", broken');
    },
  );

  it('is what is not JSON byte for byte, up to 64 KB', () => {
    const binary = Buffer.from(Array.from({ length: 70_000 }, (_, at) => 128 + (at % 128)));
    expect(withoutPhoto(binary).equals(binary.subarray(0, 65_536))).toBe(true);
  });

  it('reads like what arrived', () => {
    const property = fc.property(fc.jsonValue(), fc.constantFrom(...finalStatuses), (unknown, status) => {
      const body = bytes({ token, status, facePhoto: photo, unknown, failReason: 'FAKE_FACE' });
      expect(parseWebhook(withoutPhoto(body))).toEqual(parseWebhook(body));
    });
    fc.assert(property);
  });
});
