import { describe, expect, it } from '@jest/globals';
import { canonicalAddress } from '../../src/core/ip-address.js';
import { parseInstant } from '../../src/http/instant.js';

describe('an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    [' 203.0.113.7 ', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:CB00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['::1.2.3.4', '::102:304'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each(['', 'localhost', '203.0.113', '203.0.113.256', '01.2.3.4', '2001:db8::1::2', '[::1]', '203.0.113.7/24'])(
    '%j is none',
    (text) => expect(canonicalAddress(text)).toBeNull(),
  );
});

describe('an instant', () => {
  it.each([
    ['2026-03-01', '2026-03-01T00:00:00.000Z'],
    ['2026-03-01T12:30', '2026-03-01T12:30:00.000Z'],
    ['2026-03-01T12:30:15.123', '2026-03-01T12:30:15.123Z'],
    ['2026-03-01T12:30:15Z', '2026-03-01T12:30:15.000Z'],
    ['2026-03-01T12:30:15.123456789+02:00', '2026-03-01T10:30:15.123Z'],
  ])('%s is %s', (text, iso) => {
    expect(parseInstant(text)?.toISOString()).toBe(iso);
  });

  it.each([
    '',
    'now',
    '2026',
    '2026-13-01',
    '2026-02-30',
    '2026-02-30T00:00:00Z',
    '2026-W10',
    '2026-060',
    '2026-03-01T25:00Z',
    12,
    null,
  ])('%j is none', (text) => expect(parseInstant(text)).toBeNull());
});
