import { describe, expect, it } from '@jest/globals';
import { readLimits } from '../../src/config/read-limits.js';
import { readRequestLimits } from '../../src/config/read-request-limits.js';
import { VariableReader } from '../../src/config/variable-reader.js';

const strict = {
  maxAttemptsPerSession: 5,
  lockAfterFailures: 5,
  lockSeconds: 30,
  lockMaxSeconds: 3600,
  stopAfterFailures: null,
};

function read(environment: Record<string, string>) {
  const reader = new VariableReader(environment);
  return { limits: readLimits(reader), faults: reader.faults };
}
const custom = (own: Record<string, string>) => read({ LIMITS_PROFILE: 'custom', ...own });

describe('a limits profile', () => {
  it.each([
    ['not set', {}],
    ['psd2', { LIMITS_PROFILE: 'psd2' }],
    ['custom', { LIMITS_PROFILE: 'custom' }],
  ])('that is %s locks after five failures in a row, for 30 s doubling to an hour', (_, environment) => {
    expect(read(environment)).toEqual({ limits: strict, faults: [] });
  });

  it('that is nist-800-63b locks in the same way, and after fifty failures in a row until a release', () => {
    const limits = { ...strict, stopAfterFailures: 50 };
    expect(read({ LIMITS_PROFILE: 'nist-800-63b' })).toEqual({ limits, faults: [] });
  });

  it.each([
    'LIMITS_MAX_ATTEMPTS',
    'LIMITS_LOCK_AFTER',
    'LIMITS_LOCK_SECONDS',
    'LIMITS_LOCK_MAX_SECONDS',
    'LIMITS_STOP_AFTER',
  ])('that is not custom fixes %s', (name) => {
    expect(read({ LIMITS_PROFILE: 'nist-800-63b', [name]: '5' }).faults).toEqual([
      `${name}: is fixed by LIMITS_PROFILE=nist-800-63b, expected it only with custom`,
    ]);
  });

  it('that is custom may be stricter', () => {
    const { limits, faults } = custom({
      LIMITS_MAX_ATTEMPTS: '1',
      LIMITS_LOCK_AFTER: '3',
      LIMITS_LOCK_SECONDS: '31',
      LIMITS_LOCK_MAX_SECONDS: '86400',
      LIMITS_STOP_AFTER: '3',
    });
    expect(faults).toEqual([]);
    expect(limits).toEqual({
      maxAttemptsPerSession: 1,
      lockAfterFailures: 3,
      lockSeconds: 31,
      lockMaxSeconds: 86_400,
      stopAfterFailures: 3,
    });
  });

  it('with a long first lock needs no word about the longest', () => {
    expect(custom({ LIMITS_LOCK_SECONDS: '7200' })).toMatchObject({ limits: { lockMaxSeconds: 7200 }, faults: [] });
  });

  it.each([
    ['LIMITS_LOCK_AFTER', '50', /RTS on SCA Art\. 4\(3\)\(b\) and NIST SP 800-63B 5\.2\.3: at most five/],
    ['LIMITS_LOCK_AFTER', '6', /RTS on SCA Art\. 4\(3\)\(b\)/],
    ['LIMITS_MAX_ATTEMPTS', '6', /RTS on SCA Art\. 4\(3\)\(b\)/],
    ['LIMITS_STOP_AFTER', '51', /NIST SP 800-63B-4 3\.2\.3: at most 50/],
    ['LIMITS_LOCK_SECONDS', '0', /NIST SP 800-63B 5\.2\.3: at least 30 s/],
    ['LIMITS_LOCK_SECONDS', '29', /NIST SP 800-63B 5\.2\.3: at least 30 s/],
  ])('%s=%s is refused with the rule it breaks', (name, value, rule) => {
    const { faults } = custom({ [name]: value });
    expect(faults).toEqual([expect.stringMatching(rule)]);
    expect(faults[0]).toMatch(new RegExp(`^${name}: ${value} breaks .+, expected an integer from \\d+ to \\d+$`));
  });

  it('whose longest lock is shorter than its first is refused', () => {
    expect(custom({ LIMITS_LOCK_SECONDS: '60', LIMITS_LOCK_MAX_SECONDS: '59' }).faults).toEqual([
      expect.stringMatching(/^LIMITS_LOCK_MAX_SECONDS: 59 breaks .+, expected at least LIMITS_LOCK_SECONDS=60$/),
    ]);
  });

  it('with LIMITS_STOP_AFTER below LIMITS_LOCK_AFTER is refused', () => {
    expect(custom({ LIMITS_LOCK_AFTER: '4', LIMITS_STOP_AFTER: '3' }).faults).toEqual([
      'LIMITS_STOP_AFTER: is 3, expected at least LIMITS_LOCK_AFTER=4',
    ]);
  });

  it.each([
    ['LIMITS_LOCK_AFTER', '0'],
    ['LIMITS_LOCK_AFTER', 'five'],
    ['LIMITS_LOCK_SECONDS', '86401'],
    ['LIMITS_LOCK_SECONDS', '1e3'],
  ])('%s=%s is refused without naming a rule: it breaks none', (name, value) => {
    const { faults } = custom({ [name]: value });
    expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name}: "${value}" is not usable`))]);
    expect(faults[0]).not.toMatch(/RTS|NIST/);
  });
});

describe('the limits of requests', () => {
  const of = (environment: Record<string, string>) => {
    const reader = new VariableReader(environment);
    return { limits: readRequestLimits(reader), faults: reader.faults };
  };

  it('are 60000 a minute for a key and 600 failures for an address, and nobody says who a client is', () => {
    expect(of({})).toEqual({
      limits: { trustProxy: false, requestsPerKeyPerMinute: 60_000, failuresPerAddressPerMinute: 600 },
      faults: [],
    });
  });

  it.each([
    ['off', false],
    ['1', 1],
    ['10.0.0.0/8, fd00::/8', ['10.0.0.0/8', 'fd00::/8']],
  ])('with TRUST_PROXY=%s trust %j', (text, trusted) => {
    expect(of({ TRUST_PROXY: text })).toMatchObject({ limits: { trustProxy: trusted }, faults: [] });
  });

  it.each([
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '0'],
    ['TRUST_PROXY', '10.0.0.1'],
    ['TRUST_PROXY', '10.0.0.0/8,'],
    ['RATE_LIMIT_PER_KEY_PER_MINUTE', '-1'],
    ['RATE_LIMIT_PER_ADDRESS_PER_MINUTE', 'many'],
  ])('refuse %s=%s', (name, value) => {
    expect(of({ [name]: value }).faults).toEqual([expect.stringMatching(new RegExp(`^${name}: .+expected .+`))]);
  });
});
