/** Deliveries as they are shown, asked for again and erased. */
import { Inject, Injectable } from '@nestjs/common';
import { and, asc, desc, eq, inArray, isNull, lt } from 'drizzle-orm';
import type { Json } from '../core/canonical-json.js';
import { newId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { Sealer } from '../core/sealing.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import { deliveries, deliveryAttempts, endpoints } from '../database/deliveries-schema.js';
import { sealedColumns } from '../database/sealed-columns.js';
import { within } from '../database/within.js';

export const deliveryStates = ['pending', 'delivered', 'failed', 'discarded'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export type DeliveryRow = Omit<typeof deliveries.$inferSelect, 'state'> & { state: DeliveryState };
export type TryRow = typeof deliveryAttempts.$inferSelect;

export interface DeliveryWithTries {
  delivery: DeliveryRow;
  /** oldest first */
  tries: TryRow[];
}

export interface DeliveryFilter {
  endpointId: string;
  state?: DeliveryState;
  /** id of the last delivery of the page before */
  before?: string;
  limit: number;
}

@Injectable()
export class DeliveriesStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadDatabase) private readonly reads: ReadDatabase,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  /** Newest first: ids are time-ordered. */
  async list({ endpointId, state, before, limit }: DeliveryFilter): Promise<DeliveryWithTries[]> {
    const rows = await this.reads.orm
      .select()
      .from(deliveries)
      .where(
        and(
          eq(deliveries.endpointId, endpointId),
          state && eq(deliveries.state, state),
          before === undefined ? undefined : lt(deliveries.id, before),
        ),
      )
      .orderBy(desc(deliveries.id))
      .limit(limit);
    return this.withTries(this.reads, rows as DeliveryRow[]);
  }

  /** The deliveries of an endpoint that is within reach and was not deleted. */
  async find(id: string, reach: Reach, database: Queryable = this.database): Promise<DeliveryWithTries | null> {
    const rows = await database.orm
      .select({ delivery: deliveries })
      .from(deliveries)
      .innerJoin(endpoints, eq(endpoints.id, deliveries.endpointId))
      .where(and(eq(deliveries.id, id), isNull(endpoints.deletedAt), within(reach, endpoints.platform)));
    const [found] = await this.withTries(
      database,
      rows.map(({ delivery }) => delivery as DeliveryRow),
    );
    return found ?? null;
  }

  /** Every delivery of a session's events, to whatever endpoint, oldest first. */
  async ofSession(sessionId: string): Promise<DeliveryWithTries[]> {
    const rows = await this.reads.orm
      .select()
      .from(deliveries)
      .where(eq(deliveries.sessionId, sessionId))
      .orderBy(asc(deliveries.id));
    return this.withTries(this.reads, rows as DeliveryRow[]);
  }

  async addTest(tx: Transaction, endpointId: string, event: { id: string; type: string }, now: Date): Promise<string> {
    const id = newId('dlv');
    await tx.orm.insert(deliveries).values({
      id,
      endpointId,
      eventId: event.id,
      eventType: event.type,
      testEvent: event as unknown as Json,
      state: 'pending',
      nextTryAt: now,
      createdAt: now,
    });
    return id;
  }

  /** To be sent at once, whatever became of it, with the whole schedule before it. */
  async sendAgain(tx: Transaction, id: string, now: Date): Promise<void> {
    await tx.query(
      `update deliveries set state = 'pending', step = 0, next_try_at = $2, ended_at = null where id = $1`,
      [id, now],
    );
  }

  /** Sends waiting test events at once. They are not in the journal. @param since null: all of them */
  async sendTestsAgain(tx: Transaction, endpointId: string, since: Date | null, now: Date): Promise<void> {
    await tx.query(
      `update deliveries set step = 0, next_try_at = $3
        where endpoint_id = $1 and state = 'pending' and test_event is not null
          and ($2::timestamptz is null or created_at >= $2)`,
      [endpointId, since, now],
    );
  }

  /** @returns ids of the endpoints that events of those sessions were sent to, deleted ones included */
  async endpointsOfSessions(database: Queryable, sessionIds: readonly string[]): Promise<string[]> {
    const { rows } = await database.query<{ id: string }>(
      `select distinct endpoint_id as id from deliveries
        where session_id = any ($1) and (claims > 0 or tries > 0 or leased_until is not null) order by id`,
      [sessionIds],
    );
    return rows.map(({ id }) => id);
  }

  async eraseAnswers(tx: Transaction, sessionIds: readonly string[]): Promise<number> {
    const { count } = await tx.query(
      `update delivery_attempts set response_sealed = null
        where response_sealed is not null
          and delivery_id in (select id from deliveries where session_id = any ($1))`,
      [sessionIds],
    );
    return count;
  }

  /** The answers to events that belong to no session and name the scanRef. */
  async eraseAnswersAbout(tx: Transaction, scanRef: string): Promise<number> {
    const { count } = await tx.query(
      `update delivery_attempts set response_sealed = null
        where response_sealed is not null
          and delivery_id in (
            select deliveries.id from events cross join endpoints
              join deliveries on deliveries.endpoint_id = endpoints.id and deliveries.event_id = events.id
             where events.type in ('subject.locked', 'subject.released', 'subject.held', 'subject.hold-lifted', 'subject.erased')
               and events.session_id is null and events.data->>'scanRef' = $1)`,
      [scanRef],
    );
    return count;
  }

  /**
   * Deletes at most `limit` answers that came after the subject was erased: its session went on, or a delivery was late.
   * @param erasedSince looks at erasures since then
   */
  async purgeAnswersOfErased(erasedSince: Date, limit: number): Promise<number> {
    const { count } = await this.database.query(
      `update delivery_attempts set response_sealed = null
        where id in (
          select delivery_attempts.id
            from subject_keys join sessions on sessions.subject_key_id = subject_keys.id
            join deliveries on deliveries.session_id = sessions.id
            join delivery_attempts on delivery_attempts.delivery_id = deliveries.id
           where destroyed_at > $1 and response_sealed is not null limit $2)`,
      [erasedSince, limit],
    );
    return count;
  }

  /** @returns null if there is no answer, or if the key that sealed it is gone */
  answerOf({ deliveryId, responseSealed }: TryRow): string | null {
    if (responseSealed === null) return null;
    try {
      return this.sealer.open(responseSealed, sealedColumns.deliveryAnswer.context(deliveryId)).toString('utf8');
    } catch {
      return null;
    }
  }

  private async withTries(database: Queryable, rows: readonly DeliveryRow[]): Promise<DeliveryWithTries[]> {
    if (rows.length === 0) return [];
    const ids = rows.map(({ id }) => id);
    const tries = await database.orm
      .select()
      .from(deliveryAttempts)
      .where(inArray(deliveryAttempts.deliveryId, ids))
      .orderBy(asc(deliveryAttempts.id));
    const found = new Map<string, DeliveryWithTries>(rows.map((delivery) => [delivery.id, { delivery, tries: [] }]));
    for (const one of tries) found.get(one.deliveryId)?.tries.push(one);
    return [...found.values()];
  }
}
