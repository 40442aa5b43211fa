import { expect, it } from '@jest/globals';
import { Reach } from '../../src/core/reach.js';
import { failuresAfter, failuresWithin, reachesAllFailures } from '../../src/risk/failures-by-platform.js';
import { blankSubject } from '../../src/risk/subject.js';

const failed = (consecutiveFailures: number) => ({ ...blankSubject, consecutiveFailures });

it('counts each failure for its platform, and forgets all of them when a pass or a release begins anew', () => {
  let counted = failuresAfter({}, failed(1), { status: 'FAILED', platform: 'alpha' });
  counted = failuresAfter(counted, failed(2), { status: 'FAILED', platform: 'beta' });
  counted = failuresAfter(counted, failed(3), { status: 'FAILED', platform: 'beta' });
  expect(counted).toEqual({ alpha: 1, beta: 2 });
  expect(failuresAfter(counted, failed(3), { status: 'EXPIRED', platform: 'alpha' })).toEqual(counted);
  // A pass of an attempt that was under way when the subject was locked.
  expect(failuresAfter(counted, failed(3), { status: 'SUCCESS', platform: 'alpha' })).toEqual(counted);
  expect(failuresAfter(counted, failed(0), { status: 'SUCCESS', platform: 'alpha' })).toEqual({});
});

it('counts for a platform whose name every object has as a member, too', () => {
  const status = 'FAILED';
  const counted = failuresAfter({}, failed(1), { status, platform: 'constructor' });
  expect(counted).toEqual({ constructor: 1 });
  expect(failuresWithin({ consecutiveFailures: 1, failuresByPlatform: {} }, Reach.of('constructor'))).toBe(0);
});

it.each([
  ['all of them are its own', { alpha: 3 }, true],
  ['one was of another platform', { alpha: 2, beta: 1 }, false],
  ['all were of another platform', { beta: 3 }, false],
  ['the platform of one is not known', { alpha: 2 }, false],
  ['another platform is named, although the counts are out of step', { alpha: 3, beta: 1 }, false],
])('says whether a platform reaches every failure that counts: %s', (_, failuresByPlatform, reaches) => {
  const counted = { consecutiveFailures: 3, failuresByPlatform };
  expect(reachesAllFailures(counted, Reach.of('alpha'))).toBe(reaches);
  expect(reachesAllFailures(counted, Reach.all)).toBe(true);
  expect(failuresWithin(counted, Reach.of('gamma'))).toBe(0);
  expect(failuresWithin(counted, Reach.all)).toBe(3);
});
