import { Inject, Injectable } from '@nestjs/common';
import { eq } from 'drizzle-orm';
import type { Json } from '../core/canonical-json.js';
import type { Reach } from '../core/reach.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { LostGuard } from '../database/database-errors.js';
import { subjects } from '../database/schema.js';
import type { FailuresByPlatform } from './failures-by-platform.js';
import type { OutcomeStatus, Subject } from './subject.js';

export interface LastOutcome {
  status: OutcomeStatus;
  at: string;
}

export interface SubjectRow extends Subject {
  scanRef: string;
  /** newest first */
  lastOutcomes: LastOutcome[];
  failuresByPlatform: FailuresByPlatform;
  version: number;
}

/** One row for each scanRef, from its first result on. */
@Injectable()
export class SubjectsStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /**
   * Makes missing rows, and locks many subjects, always in the same order, so that two transactions never wait for each
   * other.
   */
  async lockMany(tx: Transaction, scanRefs: readonly string[], now: Date): Promise<void> {
    await tx.query(
      `insert into subjects (scan_ref, updated_at)
       select distinct name, $2::timestamptz from unnest($1::text[]) as name order by name on conflict do nothing`,
      [[...scanRefs], now],
    );
    await tx.query('select from subjects where scan_ref = any ($1) order by scan_ref for update', [[...scanRefs]]);
  }

  /** Locks the subject's row until the transaction ends. Makes the row if it is missing. */
  async lockRow(tx: Transaction, scanRef: string, now: Date): Promise<SubjectRow> {
    await tx.query('insert into subjects (scan_ref, updated_at) values ($1, $2) on conflict do nothing', [
      scanRef,
      now,
    ]);
    const row = await this.lockExisting(tx, scanRef);
    if (!row) throw new LostGuard('a subject that was there is gone');
    return row;
  }

  /** Locks the row where there is one: no outcome yet means nothing that could lock. */
  async lockExisting(tx: Transaction, scanRef: string): Promise<SubjectRow | null> {
    const [row] = await tx.orm.select().from(subjects).where(eq(subjects.scanRef, scanRef)).for('update');
    return row ? toRow(row) : null;
  }

  /** @param row as read under its lock in this transaction, with what has changed */
  async save(tx: Transaction, row: SubjectRow, now: Date): Promise<void> {
    const { count } = await tx.query(
      `update subjects set consecutive_failures = $3, locks = $4, locked_until = $5, last_outcomes = $6,
              failures_by_platform = $8, version = version + 1, updated_at = $7
        where scan_ref = $1 and version = $2`,
      [
        row.scanRef,
        row.version,
        row.consecutiveFailures,
        row.locks,
        row.lockedUntil,
        JSON.stringify(row.lastOutcomes),
        now,
        JSON.stringify(row.failuresByPlatform),
      ],
    );
    if (count !== 1) throw new LostGuard(`a subject is not of version ${row.version}`);
  }

  async find(scanRef: string): Promise<SubjectRow | null> {
    const [row] = await this.database.orm.select().from(subjects).where(eq(subjects.scanRef, scanRef));
    return row ? toRow(row) : null;
  }

  /** The newest outcomes of the sessions within reach, newest first. */
  async lastOutcomes(scanRef: string, reach: Reach, limit: number): Promise<LastOutcome[]> {
    const { rows } = await this.database.query<{ status: OutcomeStatus; at: Date }>(
      `select outcome->>'status' as status, ended_at as at from attempts
        where scan_ref = $1 and ($2::text is null or platform = $2) and outcome is not null and ended_at is not null
        order by ended_at desc, id desc limit $3`,
      [scanRef, reach.platform, limit],
    );
    return rows.map(({ status, at }) => ({ status, at: at.toISOString() }));
  }

  /** Whether any session within reach was ever made for the scanRef. */
  async hasSession(scanRef: string, reach: Reach, database: Queryable = this.database): Promise<boolean> {
    const { rows } = await database.query<{ found: boolean }>(
      'select exists (select from sessions where scan_ref = $1 and ($2::text is null or platform = $2)) as found',
      [scanRef, reach.platform],
    );
    return rows[0]?.found === true;
  }
}

function toRow(row: typeof subjects.$inferSelect): SubjectRow {
  const { scanRef, consecutiveFailures, locks, lockedUntil, version } = row;
  const failuresByPlatform = row.failuresByPlatform satisfies Json as unknown as FailuresByPlatform;
  const lastOutcomes = row.lastOutcomes satisfies Json as unknown as LastOutcome[];
  return { scanRef, consecutiveFailures, locks, lockedUntil, version, lastOutcomes, failuresByPlatform };
}
