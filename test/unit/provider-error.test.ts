/**
 * iDenfy's error bodies have many shapes. The text that Facecode takes from them must be readable and reveal no secret.
 */
import { describe, expect, it } from '@jest/globals';
import { failureOf } from '../../src/idenfy/provider-error.js';

const scanRef = '8df398bb-7340-11ee-9aec-0221b1f59063';
const token = 'UbYZnDdrTElsSDBQFeNkd8MxI9CpSEO0qR5jtRcz';
const secret = 'hushhush';

function failure(status: number, body: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = { kind: 'answer', status, retryAfter: null, body: text } as const;
  return failureOf(answer, new Date(), [scanRef, token, secret]);
}
const detail = (message: unknown) => failure(400, { identifier: 'VALIDATION_ERROR', message }).detail;
const start = 'iDenfy answered 400, VALIDATION_ERROR';

describe('the message of a refused request', () => {
  it.each([
    ['errors of a field', { lifetime: ['must be at most 3600'] }, 'lifetime: must be at most …'],
    ['a text of a field', { locale: 'is unknown' }, 'locale: is unknown'],
    ['several errors', { locale: ['is unknown', 'is too long'] }, 'locale: is unknown; locale: is too long'],
    ['several fields', { locale: ['is unknown'], type: ['is odd'] }, 'locale: is unknown; type: is odd'],
    ['a nested object', { user: { name: ['is missing'] } }, 'user.name: is missing'],
    ['a list of objects', [{ locale: 'is unknown' }, 'is odd'], 'locale: is unknown; is odd'],
    ['numbers and switches', { count: 12, open: true, gone: null }, 'count: 12; open: true'],
  ])('is readable when it has %s', (_, message, shown) => {
    expect(detail(message)).toBe(`${start}, ${shown}`);
  });

  it.each([
    ['no text at all', {}],
    ['nothing but null', { locale: null }],
    ['an empty list', []],
    ['more levels than anyone needs', JSON.parse(`${'{"a":'.repeat(50)}"deep"${'}'.repeat(50)}`)],
  ])('is left out when it has %s', (_, message) => {
    expect(detail(message)).toBe(start);
  });

  it('falls back to `detail` when it has no text', () => {
    expect(failure(400, { message: {}, detail: { scanRef: ['is gone'] } }).detail).toBe(
      'iDenfy answered 400, scanRef: is gone',
    );
  });

  it('reveals no token, digits, scanRef or secret, neither in values nor in names of fields', () => {
    const values = [scanRef, token, secret, '89567412', 'https://x.example/y', `token=${token}`, `${secret}s`];
    const message = Object.fromEntries(values.map((value) => [value, [`wrong ${value}`, { [value]: value }]]));
    const shown = detail({ ...message, nested: message, listed: values });
    expect(shown).toContain('wrong …');
    for (const value of values) expect(shown).not.toContain(value);
  });

  it('reveals no part of a secret when it is cut', () => {
    const words = `${'x'.repeat(40)} `.repeat(24);
    for (let shift = 0; shift < 60; shift += 1) {
      const shown = detail(`${words}${'y '.repeat(shift)}${secret} ${'q'.repeat(33)}`);
      expect(shown).not.toMatch(/hush|q/);
    }
  });

  it('is limited in length', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, ['is wrong']]));
    expect(detail(many).length).toBeLessThan(300);
    expect(detail(['no way '.repeat(5000)]).length).toBeLessThan(300);
  });
});

describe('the identifier of an error', () => {
  it.each([
    ['as documented', { identifier: 'INTERNAL_ERROR' }, 'INTERNAL_ERROR'],
    ['in lower case', { identifier: 'internal_error' }, 'INTERNAL_ERROR'],
    ['in the member code', { message: 'x', code: 'internal_error', detail: 'x' }, 'INTERNAL_ERROR'],
    [
      'beside other members',
      { message: {}, identifier: 'INTERNAL_ERROR', documentation: 'https://x', severity: 'SEVERE' },
      'INTERNAL_ERROR',
    ],
  ])('is found %s', (_, body, identifier) => {
    expect(failure(400, body)).toMatchObject({ kind: 'retry-later', why: 'server-error' });
    expect(failure(403, body)).toMatchObject({ kind: 'refused', reason: 'forbidden', identifier });
  });

  it.each([
    ['a token', { identifier: 'A'.repeat(40) }],
    ['one of our secrets', { identifier: secret }],
    ['a number', { identifier: 7, code: 7 }],
    ['a sentence', { identifier: 'not good' }],
    ['HTML', '<html>INTERNAL_ERROR</html>'],
    ['nothing', ''],
  ])('is left out if the body has %s', (_, body) => {
    expect(failure(400, body)).toMatchObject({ kind: 'refused', reason: 'bad-request', identifier: null });
    expect(failure(400, body).detail).toBe('iDenfy answered 400');
  });
});
