import { Inject, Injectable } from '@nestjs/common';
import { and, asc, gt, isNull, lte } from 'drizzle-orm';
import { Database, type Queryable, type Transaction } from '../../database/database.js';
import { events } from '../../database/schema.js';
import { type ProvableEvent, provable } from '../event-row.js';
import { journalChannel } from '../journal-tail.js';

/** Only one process seals at a time. "Seal" in ASCII. */
const sealingLock = 0x5365616c;

const columns = {
  id: events.id,
  sessionId: events.sessionId,
  attemptId: events.attemptId,
  seq: events.seq,
  position: events.position,
  type: events.type,
  at: events.at,
  actor: events.actor,
  data: events.data,
  personalDigest: events.personalDigest,
  platform: events.platform,
  version: events.version,
};

@Injectable()
export class SealingStore {
  constructor(@Inject(Database) private readonly database: Queryable) {}

  /** Until the transaction ends nobody else seals; the lock of a process that dies goes with its connection. */
  async takeTurn(tx: Transaction): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1)', [sealingLock]);
  }

  /**
   * What comes after a tree of `size` leaves, in order: events that have a position already (of a version without a tree),
   * else unsealed ones in the order in which they were inserted, which get the next positions.
   */
  async next(tx: Transaction, size: number, limit: number): Promise<ProvableEvent[]> {
    const positioned = await this.sealed(size, Number.MAX_SAFE_INTEGER, limit, tx);
    if (positioned.length > 0) return positioned;
    const rows = await tx.orm
      .select(columns)
      .from(events)
      .where(isNull(events.position))
      .orderBy(asc(events.rowNumber))
      .limit(limit);
    const added = rows.map((row, nth) => ({ ...provable(row), position: size + nth + 1 }));
    await this.givePositions(tx, added);
    return added;
  }

  private async givePositions(tx: Transaction, added: readonly ProvableEvent[]): Promise<void> {
    if (added.length === 0) return;
    const { count } = await tx.query(
      `update events set position = given.position from unnest($1::text[], $2::bigint[]) as given (id, position)
        where events.id = given.id and events.position is null`,
      [added.map(({ id }) => id), added.map(({ position }) => position)],
    );
    if (count !== added.length) throw new Error('somebody else has sealed');
    await tx.query(`select pg_notify($1, '')`, [journalChannel]);
  }

  /** Sealed events in order, from above `after` up to `most`. */
  async sealed(after: number, most: number, limit: number, from: Queryable = this.database): Promise<ProvableEvent[]> {
    const rows = await from.orm
      .select(columns)
      .from(events)
      .where(and(gt(events.position, after), lte(events.position, most)))
      .orderBy(asc(events.position))
      .limit(limit);
    return rows.map(provable);
  }

  async hasUnsealed(before: Date): Promise<boolean> {
    const { rows } = await this.database.query<{ found: boolean }>(
      `select exists (select from events where position is null and at <= $1)
           or (select coalesce(max(position), 0) from events) > (select coalesce(max(size), 0) from checkpoints) as found`,
      [before],
    );
    return rows[0]?.found === true;
  }

  /** @returns the position of an event, null when it has none yet, undefined when there is no such event */
  async positionOf(eventId: string): Promise<number | null | undefined> {
    const { rows } = await this.database.query<{ position: string | null }>(
      'select position from events where id = $1',
      [eventId],
    );
    const row = rows[0];
    return row && (row.position === null ? null : Number(row.position));
  }
}
