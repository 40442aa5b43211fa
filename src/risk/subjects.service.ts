import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import type { Actor } from '../core/actor.js';
import type { Reach } from '../core/reach.js';
import { Database, type Transaction } from '../database/database.js';
import type { NewEvent } from '../journal/journal-event.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { failuresAfter, failuresWithin, reachesAllFailures } from './failures-by-platform.js';
import {
  afterResult,
  type Alert,
  blankSubject,
  endOfLock,
  isLocked,
  lockSecondsOf,
  type OutcomeStatus,
} from './subject.js';
import { SUBJECT_JOURNAL, type SubjectJournal } from './subject-journal.js';
import { type SubjectRow, SubjectsStore } from './subjects.store.js';
import { type SubjectView, toView } from './subject-view.js';

const outcomesKept = 10;

/**
 * Counts the failures of a subject and decides when it is locked. Call `standing` and `record` in the transaction that
 * has locked the session's row. Database.transaction names the order of locks.
 */
@Injectable()
export class SubjectsService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SubjectsStore) private readonly store: SubjectsStore,
    @Inject(SUBJECT_JOURNAL) private readonly journal: SubjectJournal,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Locks the subjects of a batch before the first of them is read. */
  async lockAll(tx: Transaction, scanRefs: readonly string[], now: Date): Promise<void> {
    if (scanRefs.length > 0) await this.store.lockMany(tx, scanRefs, now);
  }

  /**
   * Whether the subject may go on. Holds its row, so that no failure elsewhere can lock it before this transaction
   * ends.
   * @returns the end of the lock that holds now, or null
   */
  async standing(tx: Transaction, scanRef: string, now: Date): Promise<{ lockedUntil: Date | null }> {
    const row = await this.store.lockExisting(tx, scanRef);
    return { lockedUntil: row && isLocked(row, now) ? row.lockedUntil : null };
  }

  /** The current lock, without locking the row: only for decisions that are checked again later. */
  async standingNow(scanRef: string, now: Date): Promise<{ lockedUntil: Date | null }> {
    const row = await this.store.find(scanRef);
    return { lockedUntil: row && isLocked(row, now) ? row.lockedUntil : null };
  }

  /**
   * Counts the outcome of an attempt, once: by who moves the attempt, in the transaction of the move.
   * @returns events for the caller to append to the session's journal
   */
  async record(
    tx: Transaction,
    { scanRef, platform }: { scanRef: string; platform: string },
    status: OutcomeStatus,
    now: Date,
  ): Promise<NewEvent[]> {
    const before = await this.store.lockRow(tx, scanRef, now);
    const { subject, alerts } = afterResult(before, status, now, this.settings.limits);
    const lastOutcomes = [{ status, at: now.toISOString() }, ...before.lastOutcomes].slice(0, outcomesKept);
    const failuresByPlatform = failuresAfter(before.failuresByPlatform, subject, { status, platform });
    const after = { ...before, ...subject, lastOutcomes, failuresByPlatform };
    await this.store.save(tx, after, now);
    return alerts.map((alert) => this.event(alert, after));
  }

  /**
   * Ends a lock and resets the count of failures; the outcomes stay. If there is nothing to end, nothing is recorded.
   * @returns foreign-failures: failures out of reach count towards the lock
   */
  async release(
    scanRef: string,
    reach: Reach,
    actor: Actor,
    now: Date,
  ): Promise<SubjectView | 'not-found' | 'foreign-failures'> {
    const released = await this.database.transaction(async (tx) => {
      const before = await this.store.lockExisting(tx, scanRef);
      const isKnown = (before && reach.platform === null) || (await this.store.hasSession(scanRef, reach, tx));
      if (!isKnown) return 'not-found';
      if (!before || before.consecutiveFailures === 0) return 'released';
      if (!reachesAllFailures(before, reach)) return 'foreign-failures';
      await this.store.save(tx, { ...before, ...blankSubject, failuresByPlatform: {} }, now);
      const { consecutiveFailures, locks, lockedUntil } = before;
      const data = { scanRef, consecutiveFailures, locks, lockedUntil: endOfLock(lockedUntil) };
      const event = { type: 'subject.released', attemptId: null, data } as const;
      await this.journal.appendLoose(tx, [event], now, actor, reach.platform);
      this.dispatcher.afterCommit(tx, jobs.seal());
      return 'released';
    });
    return released === 'released' ? this.view(scanRef, reach, now) : released;
  }

  /**
   * A scanRef without any session within reach is unknown. One with a session but without an outcome has no failures. The
   * lock holds on all platforms; failures and outcomes are only those within reach.
   */
  async view(scanRef: string, reach: Reach, now: Date): Promise<SubjectView | 'not-found'> {
    const row = await this.store.find(scanRef);
    if (reach.platform === null && row) return toView(row, now);
    if (!(await this.store.hasSession(scanRef, reach))) return 'not-found';
    if (!row) return toView({ scanRef, ...blankSubject, lastOutcomes: [] }, now);
    const lastOutcomes = await this.store.lastOutcomes(scanRef, reach, outcomesKept);
    return toView({ ...row, consecutiveFailures: failuresWithin(row, reach), lastOutcomes }, now);
  }

  private event(alert: Alert, row: SubjectRow): NewEvent {
    const { scanRef, consecutiveFailures, locks, lockedUntil } = row;
    if (alert === 'about-to-lock') {
      const lockAfterFailures = consecutiveFailures + 1;
      const data = { signal: alert, scanRef, consecutiveFailures, lockAfterFailures };
      return { type: 'risk.flagged', attemptId: null, data };
    }
    const until = endOfLock(lockedUntil);
    const lockSeconds = until === null ? null : lockSecondsOf(locks, this.settings.limits);
    const data = { scanRef, consecutiveFailures, lockedUntil: until, lockSeconds };
    return { type: 'subject.locked', attemptId: null, data };
  }
}
