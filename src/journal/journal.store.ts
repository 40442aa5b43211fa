import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { and, asc, eq, gt, isNotNull, not, type SQL, sql, inArray } from 'drizzle-orm';
import { canonicalJson } from '../core/canonical-json.js';
import { sha256 } from '../core/digest.js';
import { newId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { events, subjectKeys } from '../database/schema.js';
import { within } from '../database/within.js';
import type { Actor } from '../core/actor.js';
import { sealedColumns } from '../database/sealed-columns.js';
import { EventMac } from './event-mac.js';
import { provable } from './event-row.js';
import type { EventType } from './event-types.js';
import type { JournalEvent, NewEvent } from './journal-event.js';
import { PersonalKeys, type SubjectKey } from './personal-keys.js';

/** Events of version 1 have no `platform`. */
const version = 2;

export interface EventFilter {
  reach: Reach;
  after: number;
  limit: number;
  types?: readonly EventType[];
  sessionId?: string;
}

@Injectable()
export class JournalStore {
  private readonly listeners: ((events: readonly NewEvent[]) => void)[] = [];

  constructor(
    @Inject(Database) private readonly database: Queryable,
    @Inject(PersonalKeys) private readonly keys: PersonalKeys,
    /** null: it only reads */
    @Inject(EventMac) private readonly macs: EventMac | null,
  ) {}

  /** @param heard gets the events that this process has appended, after their commit; must not throw */
  onAppended(heard: (events: readonly NewEvent[]) => void): void {
    this.listeners.push(heard);
  }

  /**
   * Appends in the transaction that makes the change. The caller holds the session's row and has raised its `seq` by
   * the number of events.
   * @param firstSeq seq of the first of them
   */
  async append(
    tx: Transaction,
    { id: sessionId, platform }: { id: string; platform: string },
    firstSeq: number,
    added: readonly NewEvent[],
    at: Date,
    actor: Actor,
  ): Promise<void> {
    await this.insert(
      tx,
      added.map((event, index) => ({ ...event, platform, sessionId, seq: firstSeq + index })),
      at,
      actor,
    );
  }

  /** Appends events that belong to no session. @param platform null if they concern no single platform */
  appendLoose(
    tx: Transaction,
    added: readonly NewEvent[],
    at: Date,
    actor: Actor,
    platform: string | null,
  ): Promise<void> {
    return this.insert(
      tx,
      added.map((event) => ({ ...event, platform, sessionId: null, seq: null })),
      at,
      actor,
    );
  }

  private async insert(
    tx: Transaction,
    added: readonly (NewEvent & Pick<JournalEvent, 'sessionId' | 'seq'> & { platform: string | null })[],
    at: Date,
    actor: Actor,
  ): Promise<void> {
    const { macs } = this;
    if (!macs) throw new Error('who appends to the journal needs its key');
    if (added.length === 0) return;
    const sessionId = added.find(({ personal }) => hasMembers(personal))?.sessionId ?? null;
    const key = sessionId === null ? null : await this.keys.ofSession(tx, sessionId);
    const rows = added.map(({ platform, sessionId, attemptId, seq, type, data, personal }) => {
      const id = newId('evt');
      const sealed = this.sealPersonal(id, personal, key);
      const row = { id, version, platform, sessionId, attemptId, seq, type, at, actor: { ...actor }, data, ...sealed };
      return { ...row, mac: macs.of({ ...row, at: at.toISOString() }) };
    });
    await tx.orm.insert(events).values(rows);
    tx.afterCommit(() => this.listeners.forEach((heard) => heard(added)));
  }

  /** Sealed events in order of position. */
  async read(filter: EventFilter): Promise<JournalEvent[]> {
    const { reach, after, types, sessionId, limit } = filter;
    const rows = await this.select(this.database)
      .where(
        and(
          gt(events.position, after),
          isNotNull(events.position),
          within(reach, events.platform),
          sessionId === undefined ? undefined : eq(events.sessionId, sessionId),
          types && types.length > 0 ? this.ofTypes({ ...filter, types }) : undefined,
        ),
      )
      // Within a session both orders are the same, and by seq there is an index that holds this session only.
      .orderBy(asc(sessionId === undefined ? events.position : events.seq))
      .limit(limit);
    return rows.map((row) => this.toEvent(row));
  }

  /** Those of them that are in the journal, in no order. */
  async byIds(ids: readonly string[]): Promise<JournalEvent[]> {
    const rows = await this.select(this.database).where(inArray(events.id, [...ids]));
    return rows.map((row) => this.toEvent(row));
  }

  /**
   * Of all sessions each type is looked up by itself: left to choose, PostgreSQL may walk the whole journal after a
   * position to find the few events of a rare type.
   */
  private ofTypes({ reach, after, types, sessionId, limit }: EventFilter & { types: readonly EventType[] }): SQL {
    const wanted = sql.param([...types]);
    if (sessionId !== undefined) return sql`${events.type} = any(${wanted}::text[])`;
    return sql`${events.position} in (
      select found.position from unnest(${wanted}::text[]) as wanted (type) cross join lateral (
        select position from events
         where events.type = wanted.type and position > ${after} and ${within(reach, events.platform) ?? sql`true`}
         order by position limit ${limit}) as found)`;
  }

  /** The last position that was given; 0 when there is none. Everything up to it can be read. */
  async head(): Promise<number> {
    const { rows } = await this.database.query<{ head: string | number }>(
      'select coalesce(max(position), 0) as head from events',
    );
    return Number(rows[0]?.head ?? 0);
  }

  /** Every event of a session in order, sealed or not, for holding rows against it. */
  async ofSession(database: Queryable, sessionId: string): Promise<Omit<JournalEvent, 'position'>[]> {
    const rows = await this.select(database)
      .where(and(eq(events.sessionId, sessionId), not(events.setAside)))
      .orderBy(asc(events.seq));
    return rows.map((row) => this.toEvent(row));
  }

  private select(database: Queryable) {
    return database.orm
      .select({ row: events, keySealed: subjectKeys.keySealed })
      .from(events)
      .leftJoin(subjectKeys, eq(subjectKeys.id, events.subjectKeyId));
  }

  private toEvent({ row, keySealed }: EventRow): JournalEvent {
    return { ...provable(row), personal: this.openPersonal(row, keySealed) };
  }

  /** The salt keeps a short value (an address) from being found by trying all of them against the digest. */
  private sealPersonal(id: string, personal: NewEvent['personal'], key: SubjectKey | null) {
    if (!hasMembers(personal)) return { personalSealed: null, personalDigest: null, subjectKeyId: null };
    const salted = { salt: randomBytes(16).toString('base64url'), ...personal };
    return {
      // No personal data of an erased subject is stored any more. The digest shows that there was some.
      personalSealed: this.keys.sealerOf(key)?.sealJson(salted, sealedColumns.eventPersonal.context(id)) ?? null,
      personalDigest: sha256(canonicalJson(salted)).toString('hex'),
      subjectKeyId: key?.id ?? null,
    };
  }

  private openPersonal(row: EventRow['row'], keySealed: Buffer | null): JournalEvent['personal'] {
    if (!row.personalSealed) return null;
    const key = row.subjectKeyId === null ? null : { id: row.subjectKeyId, sealed: keySealed };
    return this.keys.sealerOf(key)?.openJson(row.personalSealed, sealedColumns.eventPersonal.context(row.id)) ?? null;
  }
}

interface EventRow {
  row: typeof events.$inferSelect;
  keySealed: Buffer | null;
}

const hasMembers = (personal: NewEvent['personal']): boolean =>
  personal !== undefined && Object.keys(personal).length > 0;
