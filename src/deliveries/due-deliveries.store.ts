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
  /** number of this claim: each taking of the delivery has the next one */
  claim: number;
  /** the process that had it before recorded no outcome in time */
  takenOver: boolean;
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

/**
 * How long a claim lasts: longer than a try can take with all around it. When it is over, its process is taken for dead.
 * The database's clock decides, because the clocks of two processes may differ by more than that.
 */
const claimSeconds = 20;
export const claimMs = claimSeconds * 1000;

const isUnclaimed = `(leased_until is null or leased_until <= now())`;

/**
 * Of `taken`, what a process had claimed without recording an outcome in time. It may have sent it, so a try of unknown
 * outcome is recorded. The process itself may still replace it by what it knows.
 */
const recordUnknownOutcomes = `
  insert into delivery_attempts (delivery_id, claim, at, duration_ms, error)
  select id, claims, leased_until - make_interval(secs => ${claimSeconds}), ${claimMs}, 'outcome-unknown'
    from taken where leased_until is not null
      on conflict (delivery_id, claim) do nothing`;

const replacesUnknownOutcome = `
  on conflict (delivery_id, claim) do update
     set at = excluded.at, duration_ms = excluded.duration_ms, status = excluded.status, error = excluded.error,
         response_sealed = excluded.response_sealed
   where delivery_attempts.error = 'outcome-unknown'`;

/**
 * The first try of an event begins after the first try of the session's event before it has a known outcome. This also
 * holds for events that were asked for again. An event that waits for a later try holds up no other event.
 */
const inOrder = `(step > 0 or session_id is null or not exists (
  select from deliveries as earlier
   where earlier.endpoint_id = due.endpoint_id and earlier.session_id = due.session_id and earlier.seq < due.seq
     and earlier.state = 'pending' and earlier.step = 0))`;

/**
 * Claims deliveries and records their tries. A try is a fact: it has its row whatever became of the delivery meanwhile.
 * A failure changes the delivery only while the claim is the latest one; a success also after it, unless another outcome
 * was recorded meanwhile.
 */
@Injectable()
export class DueDeliveriesStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  /**
   * Claims what is due for the endpoint for `claimMs`, at most `limit`.
   * @param unhindered only when nothing holds the endpoint back; false: the caller has looked, and has its row
   */
  async claim(
    database: Queryable,
    endpointId: string,
    { now, limit, unhindered }: { now: Date; limit: number; unhindered: boolean },
  ): Promise<ClaimedDelivery[]> {
    const { rows } = await database.query<ClaimedDelivery>(
      `with taken as (
         select id, claims, leased_until from deliveries as due
          where endpoint_id = $1 and state = 'pending' and next_try_at <= $2 and ${isUnclaimed} and ${inOrder}
            and exists (select from endpoints where id = $1 and disabled_at is null and deleted_at is null
                           and (pace is null or not $4))
          order by next_try_at, position limit $3 for update skip locked),
       unknown as (${recordUnknownOutcomes})
       update deliveries
          set claims = deliveries.claims + 1, leased_until = clock_timestamp() + make_interval(secs => ${claimSeconds})
         from taken, endpoints
        where deliveries.id = taken.id and endpoints.id = deliveries.endpoint_id
       returning deliveries.id, endpoint_id as "endpointId", url, secrets_sealed as "secretsSealed",
                 event_id as "eventId", event_type as "eventType", test_event as "testEvent", tries, step,
                 deliveries.claims as claim, taken.leased_until is not null as "takenOver"`,
      [endpointId, now, limit, unhindered],
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
                              $7::bytea[], $8::boolean[], $9::timestamptz[], $10::integer[])
           as done (id, endpoint_id, tries, at, duration_ms, status, response_sealed, probe, ended_at, claim)),
       tried as (
         insert into delivery_attempts (delivery_id, claim, at, duration_ms, status, response_sealed)
         select id, claim, at, duration_ms, status, response_sealed from done ${replacesUnknownOutcome}),
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
        column(({ delivery }) => delivery.claim),
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
    const { id, claim } = delivery;
    const { at, durationMs, status, error } = tried;
    await tx.query(
      `with tried as (
         insert into delivery_attempts (delivery_id, at, duration_ms, status, error, response_sealed, claim)
         values ($1, $2, $3, $4, $5, $6, $10) ${replacesUnknownOutcome})
       update deliveries
          set state = $7, tries = tries + 1, step = step + 1, next_try_at = $8, leased_until = null, ended_at = $9
        where id = $1 and state = 'pending' and claims = $10`,
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
        claim,
      ],
    );
  }

  /** Whether nobody has taken the delivery over. */
  async isClaimed(tx: Transaction, { id, claim }: ClaimedDelivery): Promise<boolean> {
    const { count } = await tx.query(`select from deliveries where id = $1 and claims = $2`, [id, claim]);
    return count === 1;
  }

  /** Gives back what was not sent. */
  async letGo({ id, claim }: ClaimedDelivery): Promise<void> {
    await this.database.query(`update deliveries set leased_until = null where id = $1 and claims = $2`, [id, claim]);
  }

  /** Gives back what was sent when there was no time to wait for the answer. It is sent again, at once. */
  async letGoUnanswered({ id, claim }: ClaimedDelivery, { at, durationMs }: Tried): Promise<void> {
    await this.database.query(
      `with tried as (
         insert into delivery_attempts (delivery_id, claim, at, duration_ms, error)
         values ($1, $2, $3, $4, 'outcome-unknown') on conflict (delivery_id, claim) do nothing)
       update deliveries set leased_until = null where id = $1 and claims = $2`,
      [id, claim, at, durationMs],
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
      `with taken as (
         select deliveries.id, claims, leased_until from deliveries join endpoints on endpoints.id = endpoint_id
          where state = 'pending' and deleted_at is not null and ${isUnclaimed} limit $2),
       unknown as (${recordUnknownOutcomes})
       update deliveries set state = 'discarded', next_try_at = null, leased_until = null, ended_at = $1
        where id in (select id from taken)`,
      [now, limit],
    );
  }

  private sealAnswer(deliveryId: string, { answer }: Tried): Buffer | null {
    return answer === null ? null : this.sealer.seal(answer, answerContext(deliveryId));
  }
}

export const answerContext = (deliveryId: string): string => `delivery-answer:${deliveryId}`;
