import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import type { Actor } from '../core/actor.js';
import { Database, type Transaction } from '../database/database.js';
import type { NewEvent } from '../journal/journal-event.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { afterResult, type Alert, blankSubject, isLocked, lockSecondsOf, type OutcomeStatus } from './subject.js';
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
    scanRef: string,
    status: OutcomeStatus,
    now: Date,
    attemptId: string | null = null,
  ): Promise<NewEvent[]> {
    const before = await this.store.lockRow(tx, scanRef, now);
    const { subject, alerts } = afterResult(before, status, now, this.settings.limits);
    const lastOutcomes = [{ status, at: now.toISOString() }, ...before.lastOutcomes].slice(0, outcomesKept);
    const after = { ...before, ...subject, lastOutcomes };
    await this.store.save(tx, after, now);
    return alerts.map((alert) => this.event(alert, after, attemptId));
  }

  /**
   * Ends a lock and forgets the failures; the outcomes stay to be seen. Nothing to end is fine, and journals nothing.
   */
  async release(scanRef: string, actor: Actor, now: Date): Promise<SubjectView | 'not-found'> {
    await this.database.transaction(async (tx) => {
      const before = await this.store.lockExisting(tx, scanRef);
      if (!before || before.consecutiveFailures === 0) return;
      await this.store.save(tx, { ...before, ...blankSubject }, now);
      const { consecutiveFailures, locks, lockedUntil } = before;
      const data = { scanRef, consecutiveFailures, locks, lockedUntil: lockedUntil?.toISOString() ?? null };
      await this.journal.appendLoose(tx, [{ type: 'subject.released', attemptId: null, data }], now, actor, null);
      this.dispatcher.afterCommit(tx, jobs.seal());
    });
    return this.view(scanRef, now);
  }

  /** A scanRef that no session was ever made for is unknown; one without an outcome has a clean slate. */
  async view(scanRef: string, now: Date): Promise<SubjectView | 'not-found'> {
    const row = await this.store.find(scanRef);
    if (row) return toView(row, now);
    if (!(await this.store.hasSession(scanRef))) return 'not-found';
    return toView({ scanRef, ...blankSubject, lastOutcomes: [] }, now);
  }

  private event(alert: Alert, row: SubjectRow, attemptId: string | null): NewEvent {
    const { scanRef, consecutiveFailures, locks, lockedUntil } = row;
    const { lockAfterFailures } = this.settings.limits;
    if (alert === 'about-to-lock') {
      return {
        type: 'risk.flagged',
        attemptId,
        data: { signal: alert, scanRef, consecutiveFailures, lockAfterFailures },
      };
    }
    const lockSeconds = lockSecondsOf(locks, this.settings.limits);
    const until = lockedUntil?.toISOString() ?? null;
    return {
      type: 'subject.locked',
      attemptId,
      data: { scanRef, consecutiveFailures, lockedUntil: until, lockSeconds },
    };
  }
}
