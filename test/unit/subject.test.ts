import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  afterResult,
  type Alert,
  blankSubject,
  endOfLock,
  isLocked,
  lockSecondsOf,
  type OutcomeStatus,
  retryAfterSecondsOf,
  type Subject,
  type SubjectLimits,
  untilReleased,
} from '../../src/risk/subject.js';

const psd2: SubjectLimits = { lockAfterFailures: 5, lockSeconds: 30, lockMaxSeconds: 3600, stopAfterFailures: null };
const nist: SubjectLimits = { ...psd2, stopAfterFailures: 50 };
const start = new Date('2026-03-01T12:00:00.000Z');
const later = (from: Date, seconds: number): Date => new Date(from.getTime() + seconds * 1000);

interface Step {
  status: OutcomeStatus;
  /** seconds since the step before */
  after: number;
}

interface Point extends Step {
  at: Date;
  before: Subject;
  subject: Subject;
  alerts: Alert[];
}

/** The subject through a life of outcomes. */
function live(steps: readonly Step[], limits = psd2): Point[] {
  let subject = blankSubject;
  let at = start;
  return steps.map((step) => {
    const before = subject;
    at = later(at, step.after);
    const { alerts, ...next } = afterResult(before, step.status, at, limits);
    subject = next.subject;
    return { ...step, at, before, subject, alerts };
  });
}

const failures = (count: number, after = 0): Step[] =>
  Array.from({ length: count }, () => ({ status: 'FAILED', after }));
const lockSecondsAt = ({ subject, at }: Point): number | null =>
  subject.lockedUntil && (subject.lockedUntil.getTime() - at.getTime()) / 1000;

describe('a subject', () => {
  it('is warned of one failure before the lock, locked by the fifth, and told so each time', () => {
    const life = live(failures(6));
    expect(life.map(({ alerts }) => alerts)).toEqual([[], [], [], ['about-to-lock'], ['locked'], ['locked']]);
    expect(life.map(({ subject, at }) => isLocked(subject, at))).toEqual([false, false, false, false, true, true]);
  });

  it('is locked for 30 s, then for twice as long with each further failure, up to an hour', () => {
    // Each try comes the moment the lock before is over.
    const waits = [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600];
    const life = live(waits.map((after) => ({ status: 'FAILED', after })));
    expect(life.slice(4).map(lockSecondsAt)).toEqual([30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
  });

  it('is free the moment the lock is over, and keeps its count', () => {
    const [locked] = live(failures(5)).slice(-1);
    expect(isLocked(locked!.subject, later(locked!.at, 29.999))).toBe(true);
    expect(isLocked(locked!.subject, later(locked!.at, 30))).toBe(false);
    expect(afterResult(locked!.subject, 'FAILED', later(start, 86_400), psd2).subject).toMatchObject({
      consecutiveFailures: 6,
      locks: 2,
      lockedUntil: later(start, 86_400 + 60),
    });
  });

  it.each(['CANCELED', 'EXPIRED'] as const)('is neither helped nor hurt by %s', (status) => {
    const life = live([...failures(4), { status, after: 1 }, ...failures(1)]);
    expect(life.map(({ alerts }) => alerts)).toEqual([[], [], [], ['about-to-lock'], [], ['locked']]);
  });

  it('begins anew with a pass', () => {
    const life = live([...failures(6), { status: 'SUCCESS', after: 60 }, ...failures(5)]);
    expect(life[6]!.subject).toEqual(blankSubject);
    expect(lockSecondsAt(life.at(-1)!)).toBe(30);
  });

  it('is not freed by a pass that comes while it is locked', () => {
    const life = live([...failures(6), { status: 'SUCCESS', after: 59.999 }, ...failures(1)]);
    expect(life[6]!.subject).toEqual(life[5]!.subject);
    expect(life.at(-1)!.subject).toMatchObject({ consecutiveFailures: 7, locks: 3 });
  });

  it('that may fail once only is locked without a warning', () => {
    const [only] = live(failures(1), { ...psd2, lockAfterFailures: 1 });
    expect(only!.alerts).toEqual(['locked']);
  });

  it('is locked until a release after the fiftieth failure, with a warning one failure before', () => {
    const life = live(failures(51, 3600), nist);
    expect(life.slice(47).map(({ alerts }) => alerts)).toEqual([
      ['locked'],
      ['locked', 'about-to-lock'],
      ['locked'],
      ['locked'],
    ]);
    expect(life.slice(47).map(lockSecondsAt).slice(0, 2)).toEqual([3600, 3600]);
    for (const { subject, at } of life.slice(49)) {
      expect(isLocked(subject, later(at, 100 * 365 * 86_400))).toBe(true);
      expect(endOfLock(subject.lockedUntil)).toBeNull();
      expect(retryAfterSecondsOf(subject.lockedUntil!, at)).toBe(3600);
    }
  });

  it('is never locked permanently under psd2', () => {
    const [last] = live(failures(200, 3600)).slice(-1);
    expect(lockSecondsAt(last!)).toBe(3600);
    expect(endOfLock(last!.subject.lockedUntil)).toBe(last!.subject.lockedUntil!.toISOString());
  });

  it('that is locked until a release stays locked after a pass', () => {
    const life = live([...failures(50), { status: 'SUCCESS', after: 86_400 }], nist);
    expect(life.at(-1)!.subject).toEqual(life.at(-2)!.subject);
  });

  it('has a Retry-After that ends with the lock, at least one second', () => {
    const [locked] = live(failures(5)).slice(-1);
    const { lockedUntil } = locked!.subject;
    expect(
      [0, 0.5, 29.5, 29.999].map((passed) => retryAfterSecondsOf(lockedUntil!, later(locked!.at, passed))),
    ).toEqual([30, 30, 1, 1]);
  });
});

describe('whatever happens to a subject under whatever limits', () => {
  const limitsOf = fc
    .record({ lockAfterFailures: fc.integer({ min: 1, max: 5 }), lockSeconds: fc.integer({ min: 30, max: 86_400 }) })
    .chain((limits) =>
      fc.integer({ min: limits.lockSeconds, max: 86_400 }).map((lockMaxSeconds) => ({ ...limits, lockMaxSeconds })),
    )
    .chain((limits) =>
      fc
        .option(fc.integer({ min: limits.lockAfterFailures, max: 50 }))
        .map((stopAfterFailures) => ({ ...limits, stopAfterFailures })),
    );
  const status = fc.constantFrom<OutcomeStatus[]>('FAILED', 'FAILED', 'FAILED', 'CANCELED', 'EXPIRED', 'SUCCESS');
  const stepsOf = fc.array(fc.record({ status, after: fc.integer({ min: -5, max: 100_000 }) }), { maxLength: 60 });

  it('locks hold, last at least 30 s, double up to the longest and are told', () => {
    fc.assert(
      fc.property(stepsOf, limitsOf, (steps, limits) => {
        for (const { before, subject, alerts, status: was, at } of live(steps, limits)) {
          const locks = was === 'FAILED' && before.consecutiveFailures + 1 >= limits.lockAfterFailures;
          expect(alerts.includes('locked')).toBe(locks);
          if (!locks) continue;
          if (limits.stopAfterFailures !== null && subject.consecutiveFailures >= limits.stopAfterFailures) {
            expect(subject.lockedUntil).toEqual(untilReleased);
            continue;
          }
          const seconds = Math.min(limits.lockSeconds * 2 ** before.locks, limits.lockMaxSeconds);
          expect(subject.lockedUntil!.getTime()).toBe(
            Math.max(later(at, seconds).getTime(), before.lockedUntil?.getTime() ?? 0),
          );
          expect(lockSecondsOf(subject.locks, limits)).toBe(seconds);
          expect(seconds).toBeGreaterThanOrEqual(30);
        }
      }),
    );
  });

  it('it fails at most five times in a row without a lock, and only a pass outside of one clears the count', () => {
    fc.assert(
      fc.property(stepsOf, limitsOf, (steps, limits) => {
        for (const { before, subject, status: was, at } of live(steps, limits)) {
          if (subject.lockedUntil === null) expect(subject.consecutiveFailures).toBeLessThan(limits.lockAfterFailures);
          if (was === 'FAILED') expect(subject.consecutiveFailures).toBe(before.consecutiveFailures + 1);
          else if (was !== 'SUCCESS' || isLocked(before, at)) expect(subject).toEqual(before);
          else expect(subject).toEqual(blankSubject);
        }
      }),
    );
  });
});
