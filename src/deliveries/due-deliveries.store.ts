/** Deliveries as the pump sees them: what is due for an endpoint, who is at it, what came of it. */
import { Inject, Injectable } from '@nestjs/common';
import { Sealer } from '../core/sealing.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import type { EventData, JournalEvent } from '../journal/journal-event.js';
import type { Posted } from './egress/webhook-post.js';

export interface ClaimedDelivery {
  id: string;
  endpointId: string;
  url: string;
  secretsSealed: Buffer | null;
  eventId: string;
  eventType: string;
  testEvent: (Omit<JournalEvent, 'type' | 'position'> & { type: string; position: null; data: EventData }) | null;
  /** before this one */
  tries: number;
  step: number;
  leasedUntil: Date;
}

export interface Tried extends Posted {
  at: Date;
  durationMs: number;
}

/** What an endpoint has before it. */
export interface Outlook {
  /** when something can next be sent */
  at: Date;
  /** whether it gets its deliveries slowly */
  recovers: boolean;
}

/** A try that was answered with 2xx. */
export interface Succeeded {
  delivery: ClaimedDelivery;
  tried: Tried;
  /** whether it was to tell if the endpoint is back */
  probe: boolean;
  at: Date;
}

/** What a delivery is after a try. */
export type AfterTry = { state: 'delivered' | 'failed'; nextTryAt: null } | { state: 'pending'; nextTryAt: Date };

const isFree = `next_try_at <= $2 and (leased_until is null or leased_until <= $2)`;

/**
 * The first try of an event does not begin before the first try of the event before it, of the same session, has ended.
 * One that waits for its second try holds up nobody.
 */
const inOrder = `(tries > 0 or session_id is null or not exists (
  select from deliveries as earlier
   where earlier.endpoint_id = due.endpoint_id and earlier.session_id = due.session_id and earlier.seq < due.seq
     and earlier.state = 'pending' and earlier.tries = 0))`;

/**
 * Takes note of tries. A try is a fact and has its row whatever became of the delivery meanwhile; the delivery changes
 * only while nobody else has taken it over, which its number of tries would tell.
 */
@Injectable()
export class DueDeliveriesStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  /**
   * Takes what is due for the endpoint until `until`, at most `limit`.
   * @param unhindered only when nothing holds the endpoint back; false: the caller has looked, and has its row
   */
  async claim(
    database: Queryable,
    endpointId: string,
    { now, until, limit, unhindered }: { now: Date; until: Date; limit: number; unhindered: boolean },
  ): Promise<ClaimedDelivery[]> {
    const { rows } = await database.query<ClaimedDelivery>(
      `with claimed as (
         select id from deliveries as due
          where endpoint_id = $1 and state = 'pending' and ${isFree} and ${inOrder}
            and exists (select from endpoints where id = $1 and disabled_at is null and deleted_at is null
                           and (pace is null or not $5))
          order by next_try_at, position limit $3 for update skip locked)
       update deliveries set leased_until = $4
         from claimed, endpoints
        where deliveries.id = claimed.id and endpoints.id = deliveries.endpoint_id
       returning deliveries.id, endpoint_id as "endpointId", url, secrets_sealed as "secretsSealed",
                 event_id as "eventId", event_type as "eventType", test_event as "testEvent", tries, step,
                 leased_until as "leasedUntil"`,
      [endpointId, now, limit, until, unhindered],
    );
    return rows;
  }

  /** When something of the endpoint can next be sent, and whether it recovers; null: nothing waits for its time. */
  async outlook(endpointId: string): Promise<Outlook | null> {
    const { rows } = await this.database.query<Outlook>(
      `select greatest(held_until, (select min(greatest(next_try_at, leased_until)) from (
                select next_try_at, leased_until from deliveries
                 where endpoint_id = endpoints.id and state = 'pending' order by next_try_at limit 100) as waiting)) as at,
              pace is not null as recovers
         from endpoints
        where id = $1 and disabled_at is null and deleted_at is null
          and exists (select from deliveries where endpoint_id = endpoints.id and state = 'pending')`,
      [endpointId],
    );
    return rows[0] ?? null;
  }

  /** The endpoints are well, which changes their rows only when they were not. */
  async recordSuccesses(tx: Transaction, successes: readonly Succeeded[]): Promise<void> {
    const column = <T>(value: (one: Succeeded) => T): T[] => successes.map((one) => value(one));
    await tx.query(
      `with done as (
         select * from unnest($1::text[], $2::text[], $3::integer[], $4::timestamptz[], $5::integer[], $6::integer[],
                              $7::bytea[], $8::boolean[], $9::timestamptz[])
           as done (id, endpoint_id, tries, at, duration_ms, status, response_sealed, probe, ended_at)),
       tried as (
         insert into delivery_attempts (delivery_id, at, duration_ms, status, response_sealed)
         select id, at, duration_ms, status, response_sealed from done),
       well as (
         update endpoints
            set failing_since = null, noticed_at = null, failures = 0,
                holds = case when probed then 0 else holds end,
                held_until = case when probed then null else held_until end
           from (select endpoint_id, bool_or(probe) as probed from done group by endpoint_id) as these
          where endpoints.id = these.endpoint_id
            and (failing_since is not null or failures > 0 or (probed and holds > 0)))
       update deliveries
          set state = 'delivered', tries = deliveries.tries + 1, step = step + 1, next_try_at = null, leased_until = null,
              ended_at = done.ended_at
         from done where deliveries.id = done.id and state = 'pending' and deliveries.tries = done.tries`,
      [
        column(({ delivery }) => delivery.id),
        column(({ delivery }) => delivery.endpointId),
        column(({ delivery }) => delivery.tries),
        column(({ tried }) => tried.at),
        column(({ tried }) => tried.durationMs),
        column(({ tried }) => tried.status),
        column(({ delivery, tried }) => this.sealAnswer(delivery.id, tried)),
        column(({ probe }) => probe),
        column(({ at }) => at),
      ],
    );
  }

  /** In the transaction that holds the endpoint's row. */
  async recordFailure(
    tx: Transaction,
    delivery: ClaimedDelivery,
    tried: Tried,
    after: AfterTry,
    now: Date,
  ): Promise<void> {
    const { id, tries } = delivery;
    const { at, durationMs, status, error } = tried;
    await tx.query(
      `with tried as (
         insert into delivery_attempts (delivery_id, at, duration_ms, status, error, response_sealed)
         values ($1, $2, $3, $4, $5, $6))
       update deliveries
          set state = $7, tries = tries + 1, step = step + 1, next_try_at = $8, leased_until = null, ended_at = $9
        where id = $1 and state = 'pending' and tries = $10`,
      [
        id,
        at,
        durationMs,
        status,
        error,
        this.sealAnswer(id, tried),
        after.state,
        after.nextTryAt,
        after.state === 'pending' ? null : now,
        tries,
      ],
    );
  }

  /** Gives back what was not tried. */
  async letGo({ id, tries, leasedUntil }: ClaimedDelivery): Promise<void> {
    await this.database.query(
      `update deliveries set leased_until = null where id = $1 and tries = $2 and leased_until = $3`,
      [id, tries, leasedUntil],
    );
  }

  /** Endpoints that something has been due for since before that, and nobody is at it. */
  async neglected(before: Date, limit: number): Promise<string[]> {
    const { rows } = await this.database.query<{ id: string }>(
      `select id from endpoints
        where disabled_at is null and deleted_at is null and (held_until is null or held_until <= $1)
          and exists (select from deliveries
                       where endpoint_id = endpoints.id and state = 'pending' and next_try_at <= $1
                         and (leased_until is null or leased_until <= $1))
        limit $2`,
      [before, limit],
    );
    return rows.map(({ id }) => id);
  }

  /** What waits for an endpoint that was deleted will never be sent. */
  async discardOrphaned(now: Date, limit: number): Promise<void> {
    await this.database.query(
      `update deliveries set state = 'discarded', next_try_at = null, leased_until = null, ended_at = $1
        where id in (select deliveries.id from deliveries join endpoints on endpoints.id = endpoint_id
                      where state = 'pending' and deleted_at is not null limit $2)`,
      [now, limit],
    );
  }

  private sealAnswer(deliveryId: string, { answer }: Tried): Buffer | null {
    return answer === null ? null : this.sealer.seal(answer, answerContext(deliveryId));
  }
}

export const answerContext = (deliveryId: string): string => `delivery-answer:${deliveryId}`;
