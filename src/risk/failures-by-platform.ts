/**
 * Counts a subject's failures in a row by platform. They lock the subject on all platforms, but a platform may see and
 * release only its own. Pure.
 */
import type { Reach } from '../core/reach.js';
import type { OutcomeStatus, Subject } from './subject.js';

export type FailuresByPlatform = Readonly<Record<string, number>>;

/** @param subject after the result */
export function failuresAfter(
  before: FailuresByPlatform,
  { consecutiveFailures }: Subject,
  { status, platform }: { status: OutcomeStatus; platform: string },
): FailuresByPlatform {
  if (consecutiveFailures === 0) return {};
  return status === 'FAILED' ? { ...before, [platform]: countOf(before, platform) + 1 } : before;
}

export interface CountedFailures {
  consecutiveFailures: number;
  failuresByPlatform: FailuresByPlatform;
}

/** How many of the failures that count are within reach. */
export function failuresWithin({ consecutiveFailures, failuresByPlatform }: CountedFailures, reach: Reach): number {
  return reach.platform === null ? consecutiveFailures : countOf(failuresByPlatform, reach.platform);
}

/** Whether every failure that counts is within reach. A failure whose platform is unknown is not. */
export function reachesAllFailures(counted: CountedFailures, reach: Reach): boolean {
  const isForeign = (platform: string) => !reach.covers(platform);
  return (
    failuresWithin(counted, reach) === counted.consecutiveFailures &&
    !Object.keys(counted.failuresByPlatform).some(isForeign)
  );
}

/** Reads own members only: a platform may be named `constructor`. */
const countOf = (failures: FailuresByPlatform, platform: string): number =>
  Object.hasOwn(failures, platform) ? failures[platform]! : 0;
