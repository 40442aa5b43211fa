/**
 * When a subject (a person, known by the scanRef) is locked, and for how long. Pure: no I/O, no clock. The rules and
 * where they come from are in ./README.md.
 */
import type { Settings } from '../config/settings.js';

export interface Subject {
  /** FAILED in a row, over all sessions */
  consecutiveFailures: number;
  /** since the last pass or release */
  locks: number;
  /** may be in the past; `untilReleased`: only a release ends the lock; null: no lock since the last pass or release */
  lockedUntil: Date | null;
}

export type SubjectLimits = Pick<
  Settings['limits'],
  'lockAfterFailures' | 'lockSeconds' | 'lockMaxSeconds' | 'stopAfterFailures'
>;

/** How an attempt came out, in iDenfy's words. */
export type OutcomeStatus = 'SUCCESS' | 'FAILED' | 'CANCELED' | 'EXPIRED';

export type Alert = 'about-to-lock' | 'locked';

/** Stands for the end of a lock that only a release ends. */
export const untilReleased = new Date('9999-12-31T23:59:59.999Z');

export const blankSubject: Subject = { consecutiveFailures: 0, locks: 0, lockedUntil: null };

export function isLocked({ lockedUntil }: Pick<Subject, 'lockedUntil'>, now: Date): boolean {
  return lockedUntil !== null && lockedUntil > now;
}

/** The end of a lock as clients see it, ISO 8601. Null: there was no lock, or only a release ends it. */
export function endOfLock(lockedUntil: Date | null): string | null {
  return lockedUntil === null || lockedUntil >= untilReleased ? null : lockedUntil.toISOString();
}

/** The time of a release is unknown, so clients retry after an hour. */
const askAgainSeconds = 3600;

/** Seconds after which a client should retry while the lock holds, at least 1. */
export function retryAfterSecondsOf(lockedUntil: Date, now: Date): number {
  if (lockedUntil >= untilReleased) return askAgainSeconds;
  return Math.max(1, Math.ceil((lockedUntil.getTime() - now.getTime()) / 1000));
}

/** Of the lock that is the nth since the last pass, counted from 1: each lasts twice as long as the one before. */
export function lockSecondsOf(nth: number, { lockSeconds, lockMaxSeconds }: SubjectLimits): number {
  return Math.min(lockSeconds * 2 ** (nth - 1), lockMaxSeconds);
}

/**
 * What an outcome does to the subject. From `lockAfterFailures` on every FAILED locks, not only each fifth: after the
 * limit is reached the delay stands before *each* further attempt. At `stopAfterFailures` only a release ends the lock.
 * CANCELED and EXPIRED say nothing about the face.
 *
 * A SUCCESS that comes while the subject is locked is of an attempt that was already under way; the lock holds, and with
 * it the count: else a second session opened before the lock would be the way around it.
 */
export function afterResult(
  subject: Subject,
  status: OutcomeStatus,
  now: Date,
  limits: SubjectLimits,
): { subject: Subject; alerts: Alert[] } {
  if (status === 'SUCCESS') return { subject: isLocked(subject, now) ? subject : blankSubject, alerts: [] };
  if (status !== 'FAILED') return { subject, alerts: [] };

  const consecutiveFailures = subject.consecutiveFailures + 1;
  const { lockAfterFailures, stopAfterFailures } = limits;
  const next = consecutiveFailures + 1;
  const warnings: Alert[] = next === lockAfterFailures || next === stopAfterFailures ? ['about-to-lock'] : [];
  if (consecutiveFailures < lockAfterFailures) {
    return { subject: { ...subject, consecutiveFailures }, alerts: warnings };
  }
  const locks = subject.locks + 1;
  const isStopped = stopAfterFailures !== null && consecutiveFailures >= stopAfterFailures;
  const until = isStopped ? untilReleased : new Date(now.getTime() + lockSecondsOf(locks, limits) * 1000);
  // Two clocks may disagree; no failure ever makes a lock shorter.
  const lockedUntil = subject.lockedUntil && subject.lockedUntil > until ? subject.lockedUntil : until;
  return { subject: { consecutiveFailures, locks, lockedUntil }, alerts: ['locked', ...warnings] };
}
