import { Inject, Injectable } from '@nestjs/common';
import { and, asc, eq, gt, isNotNull, isNull, lte, not, sql } from 'drizzle-orm';
import type { Reach } from '../../core/reach.js';
import { Database, type Queryable, type Transaction } from '../../database/database.js';
import { events } from '../../database/schema.js';
import { type ProvableEvent, provable } from '../event-row.js';
import type { EventType } from '../event-types.js';
import { journalChannel } from '../journal-tail.js';
import { type CheckpointRow, type SealedCheckpoint, toCheckpoint } from './tree.store.js';

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
  mac: events.mac,
};

/** An event as its row has it. */
export interface StoredEvent extends ProvableEvent {
  /** null: recorded before there were MACs, or not by the service */
  mac: Buffer | null;
}

export interface UnsealedEvent extends StoredEvent {
  /** in the order of insertion */
  rowNumber: number;
  /** whether the event before it of its session is in the journal; true for the first one and for those of no session */
  follows: boolean;
}

/** How far the rows of the journal reach. */
export interface JournalExtent {
  /** the last position; 0 when there is none */
  last: number;
  positioned: number;
  newest: SealedCheckpoint | null;
}

@Injectable()
export class SealingStore {
  constructor(@Inject(Database) private readonly database: Queryable) {}

  /** Until the transaction ends nobody else seals; the lock of a process that dies goes with its connection. */
  async takeTurn(tx: Transaction): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1)', [sealingLock]);
  }

  /** Events that have no position yet, in the order in which they were inserted. @param after a row number */
  async unsealed(from: Queryable, limit: number, after = 0): Promise<UnsealedEvent[]> {
    const rows = await from.orm
      .select({
        ...columns,
        rowNumber: events.rowNumber,
        follows: sql<boolean>`(events.session_id is null or events.seq = 1 or exists (
          select from events as previous where previous.session_id = events.session_id
             and previous.seq = events.seq - 1 and not previous.set_aside))`,
      })
      .from(events)
      .where(and(isNull(events.position), not(events.setAside), gt(events.rowNumber, after)))
      .orderBy(asc(events.rowNumber))
      .limit(limit);
    return rows.map((row) => ({ ...provable(row), mac: row.mac, rowNumber: row.rowNumber, follows: row.follows }));
  }

  async givePositions(tx: Transaction, added: readonly ProvableEvent[]): Promise<void> {
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
  async sealed(after: number, most: number, limit: number, from: Queryable = this.database): Promise<StoredEvent[]> {
    const rows = await from.orm
      .select(columns)
      .from(events)
      .where(and(gt(events.position, after), lte(events.position, most)))
      .orderBy(asc(events.position))
      .limit(limit);
    return rows.map((row) => ({ ...provable(row), mac: row.mac }));
  }

  async sealedOfType(type: EventType, from: Queryable = this.database): Promise<StoredEvent[]> {
    const rows = await from.orm
      .select(columns)
      .from(events)
      .where(and(eq(events.type, type), isNotNull(events.position)));
    return rows.map((row) => ({ ...provable(row), mac: row.mac }));
  }

  async hasWithoutMac(tx: Transaction): Promise<boolean> {
    const { rows } = await tx.query<{ found: boolean }>(
      'select exists (select from events where mac is null and not set_aside) as found',
    );
    return rows[0]?.found === true;
  }

  /** Events that wait to be sealed and that a version without MACs has recorded: only those have no `platform`. */
  async olderWithoutMac(tx: Transaction, limit: number): Promise<StoredEvent[]> {
    const rows = await tx.orm
      .select(columns)
      .from(events)
      .where(and(isNull(events.mac), isNull(events.position), eq(events.version, 1)))
      .orderBy(asc(events.rowNumber))
      .limit(limit);
    return rows.map((row) => ({ ...provable(row), mac: row.mac }));
  }

  async giveMacs(tx: Transaction, macs: readonly { id: string; mac: Buffer }[]): Promise<void> {
    await tx.query(
      `update events set mac = given.mac from unnest($1::text[], $2::bytea[]) as given (id, mac)
        where events.id = given.id and events.mac is null`,
      [macs.map(({ id }) => id), macs.map(({ mac }) => mac)],
    );
  }

  async setAside(tx: Transaction, ids: readonly string[]): Promise<void> {
    await tx.query('update events set set_aside = true where id = any($1::text[]) and position is null', [ids]);
  }

  /** The id of the event of a session with that seq, if it was set aside. */
  async setAsideAt(from: Queryable, sessionId: string, seq: number): Promise<string[]> {
    const { rows } = await from.query<{ id: string }>(
      'select id from events where session_id = $1 and seq = $2 and set_aside',
      [sessionId, seq],
    );
    return rows.map(({ id }) => id);
  }

  /** In one statement, because somebody may be sealing. */
  async extent(from: Queryable = this.database): Promise<JournalExtent> {
    const { rows } = await from.query<{ last: string; positioned: string } & Partial<CheckpointRow>>(
      `select counted.*, newest.*
         from (select coalesce(max(position), 0) as last, count(position) as positioned from events) as counted
         left join lateral (select size, root, note from checkpoints order by size desc limit 1) as newest on true`,
    );
    const { last, positioned, size, root, note } = rows[0]!;
    const found = size !== null && size !== undefined && root && note !== undefined;
    return {
      last: Number(last),
      positioned: Number(positioned),
      newest: found ? toCheckpoint({ size, root, note }) : null,
    };
  }

  async hasUnsealed(before: Date): Promise<boolean> {
    const { rows } = await this.database.query<{ found: boolean }>(
      `select exists (select from events where position is null and not set_aside and at <= $1)
           or (select coalesce(max(position), 0) from events) > (select coalesce(max(size), 0) from checkpoints) as found`,
      [before],
    );
    return rows[0]?.found === true;
  }

  /** @returns the position of an event, null when it has none yet, undefined when there is no such event */
  async positionOf(eventId: string, reach: Reach): Promise<number | null | undefined> {
    const { rows } = await this.database.query<{ position: string | null }>(
      'select position from events where id = $1 and ($2::text is null or platform = $2)',
      [eventId, reach.platform],
    );
    const row = rows[0];
    return row && (row.position === null ? null : Number(row.position));
  }
}
