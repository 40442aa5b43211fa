import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { and, asc, eq, gt, inArray, isNotNull } from 'drizzle-orm';
import { canonicalJson } from '../core/canonical-json.js';
import { sha256 } from '../core/digest.js';
import { newId } from '../core/ids.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { events, subjectKeys } from '../database/schema.js';
import type { Actor } from '../core/actor.js';
import type { EventType } from './event-types.js';
import type { JournalEvent, NewEvent } from './journal-event.js';
import { journalChannel } from './journal-tail.js';
import { PersonalKeys, type SubjectKey } from './personal-keys.js';

/** Only one process seals at a time. "Seal" in ASCII. */
const sealingLock = 0x5365616c;

export interface EventFilter {
  after: number;
  limit: number;
  types?: readonly EventType[];
  sessionId?: string;
}

@Injectable()
export class JournalStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(PersonalKeys) private readonly keys: PersonalKeys,
  ) {}

  /**
   * Appends in the transaction that makes the change. The caller holds the session's row and has raised its `seq` by
   * the number of events.
   * @param firstSeq seq of the first of them
   */
  async append(
    tx: Transaction,
    sessionId: string,
    firstSeq: number,
    added: readonly NewEvent[],
    at: Date,
    actor: Actor,
  ): Promise<void> {
    await this.insert(
      tx,
      added.map((event, index) => ({ ...event, sessionId, seq: firstSeq + index })),
      at,
      actor,
    );
  }

  /** Appends events that belong to no session. */
  appendLoose(tx: Transaction, added: readonly NewEvent[], at: Date, actor: Actor): Promise<void> {
    return this.insert(
      tx,
      added.map((event) => ({ ...event, sessionId: null, seq: null })),
      at,
      actor,
    );
  }

  private async insert(
    tx: Transaction,
    added: readonly (NewEvent & Pick<JournalEvent, 'sessionId' | 'seq'>)[],
    at: Date,
    actor: Actor,
  ): Promise<void> {
    if (added.length === 0) return;
    const sessionId = added.find(({ personal }) => hasMembers(personal))?.sessionId ?? null;
    const key = sessionId === null ? null : await this.keys.ofSession(tx, sessionId);
    const rows = added.map(({ sessionId, attemptId, seq, type, data, personal }) => {
      const id = newId('evt');
      const sealed = this.sealPersonal(id, personal, key);
      return { id, sessionId, attemptId, seq, type, at, actor: { ...actor }, data, ...sealed };
    });
    await tx.orm.insert(events).values(rows);
  }

  /** Gives positions to the unsealed events in the order they were inserted, at most `limit`. @returns how many */
  async seal(limit: number): Promise<number> {
    return this.database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [sealingLock]);
      const { count } = await tx.query(
        `with last as (select coalesce(max(position), 0) as position from events),
              batch as (select id, row_number() over (order by row_number) as nth
                          from (select id, row_number from events where position is null
                                 order by row_number limit $1) as unsealed)
         update events set position = last.position + batch.nth from batch, last where events.id = batch.id`,
        [limit],
      );
      if (count > 0) await tx.query(`select pg_notify($1, '')`, [journalChannel]);
      return count;
    });
  }

  async hasUnsealed(before: Date): Promise<boolean> {
    const { rows } = await this.database.query<{ found: boolean }>(
      'select exists (select from events where position is null and at <= $1) as found',
      [before],
    );
    return rows[0]?.found === true;
  }

  async read(filter: EventFilter): Promise<JournalEvent[]> {
    const rows = await this.select(this.database)
      .where(
        and(
          gt(events.position, filter.after),
          filter.types && filter.types.length > 0 ? inArray(events.type, [...filter.types]) : undefined,
          filter.sessionId === undefined ? undefined : eq(events.sessionId, filter.sessionId),
          isNotNull(events.position),
        ),
      )
      .orderBy(asc(events.position))
      .limit(filter.limit);
    return rows.map((row) => this.toEvent(row));
  }

  /** Those of them that are in the journal, in no order. */
  async byIds(ids: readonly string[]): Promise<JournalEvent[]> {
    const rows = await this.select(this.database).where(inArray(events.id, [...ids]));
    return rows.map((row) => this.toEvent(row));
  }

  /** Every event of a session in order, sealed or not, for holding rows against it. */
  async ofSession(database: Queryable, sessionId: string): Promise<Omit<JournalEvent, 'position'>[]> {
    const rows = await this.select(database).where(eq(events.sessionId, sessionId)).orderBy(asc(events.seq));
    return rows.map((row) => this.toEvent(row));
  }

  private select(database: Queryable) {
    return database.orm
      .select({ row: events, keySealed: subjectKeys.keySealed })
      .from(events)
      .leftJoin(subjectKeys, eq(subjectKeys.id, events.subjectKeyId));
  }

  private toEvent({ row, keySealed }: EventRow): JournalEvent {
    return {
      id: row.id,
      type: row.type as EventType,
      sessionId: row.sessionId,
      attemptId: row.attemptId,
      seq: row.seq,
      position: row.position ?? 0,
      at: row.at.toISOString(),
      actor: row.actor as unknown as Actor,
      data: row.data as JournalEvent['data'],
      personal: this.openPersonal(row, keySealed),
      personalDigest: row.personalDigest,
    };
  }

  /** The salt keeps a short value (an address) from being found by trying all of them against the digest. */
  private sealPersonal(id: string, personal: NewEvent['personal'], key: SubjectKey | null) {
    if (!hasMembers(personal)) return { personalSealed: null, personalDigest: null, subjectKeyId: null };
    const salted = { salt: randomBytes(16).toString('base64url'), ...personal };
    return {
      // Of a subject that was erased nothing more is kept; the digest tells that there was something.
      personalSealed: this.keys.sealerOf(key)?.sealJson(salted, personalContext(id)) ?? null,
      personalDigest: sha256(canonicalJson(salted)).toString('hex'),
      subjectKeyId: key?.id ?? null,
    };
  }

  private openPersonal(row: EventRow['row'], keySealed: Buffer | null): JournalEvent['personal'] {
    if (!row.personalSealed) return null;
    const key = row.subjectKeyId === null ? null : { id: row.subjectKeyId, sealed: keySealed };
    return this.keys.sealerOf(key)?.openJson(row.personalSealed, personalContext(row.id)) ?? null;
  }
}

interface EventRow {
  row: typeof events.$inferSelect;
  keySealed: Buffer | null;
}

const hasMembers = (personal: NewEvent['personal']): boolean =>
  personal !== undefined && Object.keys(personal).length > 0;

const personalContext = (eventId: string): string => `event-personal:${eventId}`;
