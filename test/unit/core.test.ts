import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from '../../src/attempts/backoff.js';
import { codeHint, tokenDigest } from '../../src/attempts/attempt-secret.js';
import { SystemClock } from '../../src/core/clock.js';
import { equalInConstantTime, sha256 } from '../../src/core/digest.js';
import { Problem, type ProblemCode, problemDocument, problems } from '../../src/core/errors.js';
import { type IdPrefix, isId, newId, newSecret } from '../../src/core/ids.js';
import { decodeCursor, encodeCursor } from '../../src/http/cursor.js';
import { isPlainText } from '../../src/http/validation.js';
import { mayAct, type Scope, scopes } from '../../src/http/scopes.js';

const prefixes: readonly IdPrefix[] = ['ses', 'att', 'evt', 'whk', 'key'];

describe('an id', () => {
  it.each(prefixes)('%s_ has its prefix and 32 hex digits, and is one', (prefix) => {
    const id = newId(prefix);
    expect(id).toMatch(new RegExp(`^${prefix}_[0-9a-f]{32}$`));
    expect(isId(prefix, id)).toBe(true);
  });

  it('is a UUID of version 7, variant 1 (RFC 9562), with the time of its making first', () => {
    const before = Date.now();
    const hex = newId('ses').slice('ses_'.length);
    const after = Date.now();
    const at = Number.parseInt(hex.slice(0, 12), 16);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(after);
    expect(hex[12]).toBe('7');
    expect('89ab').toContain(hex[16]);
  });

  it('comes after all that were made before it, also in the same millisecond', () => {
    const ids = Array.from({ length: 5000 }, () => newId('evt'));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(prefixes)('of another kind is no %s', (prefix) => {
    for (const other of prefixes.filter((name) => name !== prefix)) expect(isId(prefix, newId(other))).toBe(false);
  });

  const some = '0123456789abcdef0123456789abcdef';
  it.each([
    ['nothing', ''],
    ['the prefix alone', 'ses_'],
    ['one digit less', `ses_${some.slice(1)}`],
    ['one digit more', `ses_${some}0`],
    ['upper case', `ses_${some.toUpperCase()}`],
    ['no hex', `ses_${some.slice(1)}g`],
    ['a line after it', `ses_${some}\n`],
    ['a blank before it', ` ses_${some}`],
    ['a UUID with hyphens', 'ses_01234567-89ab-cdef-0123-456789abcdef'],
    ['SQL', `ses_' or 1=1 --${some}`],
  ])('is not %s', (_, text) => {
    expect(isId('ses', text)).toBe(false);
  });
});

describe('a secret', () => {
  it.each(['fc', 'fct'] as const)('%s_ has its prefix and 256 bits, URL-safe', (prefix) => {
    const secret = newSecret(prefix);
    expect(secret).toMatch(new RegExp(`^${prefix}_[A-Za-z0-9_-]{43}$`));
    expect(Buffer.from(secret.slice(prefix.length + 1), 'base64url')).toHaveLength(32);
    expect(encodeURIComponent(secret)).toBe(secret);
  });

  it('is never made twice', () => {
    expect(new Set(Array.from({ length: 1000 }, () => newSecret('fc'))).size).toBe(1000);
  });
});

describe('a digest', () => {
  it('is SHA-256 (FIPS 180-4, the example "abc")', () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256('abc').toString('hex')).toBe(abc);
    expect(sha256(Buffer.from('abc')).toString('hex')).toBe(abc);
  });

  it('of a text is that of its UTF-8', () => {
    expect(sha256('ž').equals(sha256(Buffer.from('ž', 'utf8')))).toBe(true);
  });

  it('of a token is not the plain digest, which other tables may hold', () => {
    expect(tokenDigest('token')).toHaveLength(32);
    expect(tokenDigest('token').equals(tokenDigest('token'))).toBe(true);
    expect(tokenDigest('token').equals(tokenDigest('Token'))).toBe(false);
    expect(tokenDigest('token').equals(sha256('token'))).toBe(false);
  });

  it('equals another when all bytes do, and nothing of another length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (a, b) => {
        expect(equalInConstantTime(Buffer.from(a), Buffer.from(a))).toBe(true);
        expect(equalInConstantTime(Buffer.from(a), Buffer.from(b))).toBe(Buffer.compare(a, b) === 0);
      }),
    );
    expect(equalInConstantTime(Buffer.alloc(0), Buffer.alloc(1))).toBe(false);
  });
});

describe('the hint of a code', () => {
  it.each([
    ['123456', '••••56'],
    ['00000012', '••••••12'],
  ])('of %s is %s', (code, hint) => {
    expect(codeHint(code)).toBe(hint);
  });

  it('is nothing where there is no code', () => {
    expect(codeHint(null)).toBeNull();
  });
});

describe('the pause before another try', () => {
  it('doubles from half a second to a minute, and draws from its upper half', () => {
    const longest = (tries: number) => backoffMs(tries, () => 1);
    expect([0, 1, 2, 3, 6, 7, 30, 1000].map(longest)).toEqual([500, 1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000]);
    expect([0, 1, 7].map((tries) => backoffMs(tries, () => 0))).toEqual([250, 500, 30_000]);
  });

  it('is drawn anew each time', () => {
    expect(new Set(Array.from({ length: 50 }, () => backoffMs(10))).size).toBeGreaterThan(1);
  });
});

it('the clock of the system tells the time', () => {
  const before = Date.now();
  const told = new SystemClock().now().getTime();
  expect(told).toBeGreaterThanOrEqual(before);
  expect(told).toBeLessThanOrEqual(Date.now());
});

describe('the catalogue of problems', () => {
  // From the table of errors in the description of the API. `internal-error` stands beside it: nobody asks for one.
  const statuses: Record<ProblemCode, number> = {
    'invalid-request': 400,
    unauthenticated: 401,
    forbidden: 403,
    'not-found': 404,
    'idempotency-mismatch': 409,
    'idempotency-in-flight': 409,
    'session-closed': 409,
    'no-live-code': 409,
    'review-claimed': 409,
    'second-reviewer-needed': 409,
    'not-in-review': 409,
    'attempts-exhausted': 409,
    'endpoint-disabled': 409,
    'limit-reached': 409,
    'legal-hold': 409,
    'payload-too-large': 413,
    'unsupported-media-type': 415,
    'scan-ref-not-found': 422,
    'not-eligible': 422,
    'subject-locked': 423,
    'rate-limited': 429,
    'internal-error': 500,
    'provider-rejected': 502,
    overloaded: 503,
    unavailable: 503,
  };
  const codes = Object.keys(problems) as ProblemCode[];

  it('has every code and no other', () => {
    expect([...codes].sort()).toEqual(Object.keys(statuses).sort());
  });

  it.each(Object.entries(statuses) as [ProblemCode, number][])('answers %s with %i', (code, status) => {
    expect(problems[code].status).toBe(status);
    expect(new Problem(code).status).toBe(status);
  });

  it.each(codes)('says what %s is and what to do', (code) => {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(problems[code].title).toMatch(/^\S.*[^.\s]$/);
    expect(problems[code].help).toMatch(/^[A-Za-z`].*\.$/);
  });

  it('gives no two codes one title', () => {
    expect(new Set(codes.map((code) => problems[code].title)).size).toBe(codes.length);
  });
});

describe('a problem document', () => {
  it('has the members of RFC 9457 and ours, and none that is undefined', () => {
    expect(Object.entries(problemDocument('not-found', {}))).toEqual([
      ['type', '/problems/not-found'],
      ['title', 'Not found'],
      ['status', 404],
      ['code', 'not-found'],
      ['detail', problems['not-found'].help],
    ]);
  });

  it('has what is known of the occurrence', () => {
    const errors = [{ field: 'locale', message: 'must be text' }];
    const document = problemDocument(
      'invalid-request',
      { detail: 'locale: must be text', errors, sessionId: 's' },
      'req',
    );
    expect(document).toMatchObject({ detail: 'locale: must be text', errors, sessionId: 's', requestId: 'req' });
  });

  it('keeps to itself how long to wait, which is a header', () => {
    expect(problemDocument('rate-limited', { retryAfterSeconds: 7 })).not.toHaveProperty('retryAfterSeconds');
  });
});

describe('a cursor', () => {
  const isSession = (text: string) => isId('ses', text);

  it.each(prefixes)('gives the id of kind %s back that it was made from', (prefix) => {
    const id = newId(prefix);
    expect(decodeCursor(encodeCursor(id), (text) => isId(prefix, text))).toBe(id);
  });

  it('is safe in a query as it is', () => {
    const cursor = encodeCursor(newId('ses'));
    expect(encodeURIComponent(cursor)).toBe(cursor);
  });

  it.each([
    ['nothing', ''],
    ['an id as it is', newId('ses')],
    ['an id of another kind', encodeCursor(newId('att'))],
    ['a list of two ids', encodeCursor(`${newId('ses')}${newId('ses')}`)],
    ['half a cursor', encodeCursor(newId('ses')).slice(0, 20)],
    ['SQL', encodeCursor(`ses_' or 1=1 --`)],
    ['JSON', encodeCursor('{"id":1}')],
    ['no base64', '%%%'],
  ])('is not %s', (_, cursor) => {
    expect(() => decodeCursor(cursor, isSession)).toThrow(
      expect.objectContaining({ name: 'Problem', code: 'invalid-request', status: 400 }),
    );
  });

  it('is refused with the name of its field, and without repeating it', () => {
    let refusal: unknown;
    try {
      decodeCursor('garbage', isSession);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(Problem);
    const { extras } = refusal as Problem;
    expect(extras.errors).toEqual([{ field: 'cursor', message: 'must be a nextCursor of an earlier answer' }]);
    expect(JSON.stringify(extras)).not.toContain('garbage');
  });

  it('is refused whatever else it is', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(() => decodeCursor(text, isSession)).toThrow(Problem)));
  });
});

describe('plain text', () => {
  it.each(['a', 'ž😀', 'two words', '<b>&"', ' '])('is %j', (text) => {
    expect(isPlainText(text, 1, 10)).toBe(true);
  });

  it.each(['', 'a\u0000', 'line\nbreak', 'tab\t', '\u007f', '\ud83d', '12345678901', 1, null, undefined, ['a'], {}])(
    'of one to ten characters is not %j',
    (value) => {
      expect(isPlainText(value, 1, 10)).toBe(false);
    },
  );

  it('is of exactly the length it may have', () => {
    expect(['', 'a', 'ab', 'abc', 'abcd'].map((text) => isPlainText(text, 1, 3))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('a scope', () => {
  it('is enough when it is one of those asked for', () => {
    expect(mayAct(['audit'], ['audit', 'endpoints'])).toBe(true);
    expect(mayAct(['sessions', 'review'], ['review'])).toBe(true);
    expect(mayAct(['sessions'], ['audit', 'endpoints'])).toBe(false);
    expect(mayAct([], ['sessions'])).toBe(false);
  });

  it.each(scopes)('admin includes %s', (scope) => {
    expect(mayAct(['admin'], [scope])).toBe(true);
  });

  it('other than admin includes nothing but itself', () => {
    const others = scopes.filter((scope): scope is Exclude<Scope, 'admin'> => scope !== 'admin');
    for (const mine of others) expect(scopes.filter((scope) => mayAct([mine], [scope]))).toEqual([mine]);
    expect(others.filter((scope) => mayAct([scope], []))).toEqual([]);
  });
});
