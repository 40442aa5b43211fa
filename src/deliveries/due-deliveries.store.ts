/** Deliveries as the pump sees them: which are due, which are claimed, and the outcomes of their tries. */
import { Inject, Injectable } from '@nestjs/common';
import { Sealer } from '../core/sealing.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { sealedColumns } from '../database/sealed-columns.js';
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
  /** number of tries before this one */
  tries: number;
  step: number;
  /** number of this claim: each claim of the delivery has the next number */
  claim: number;
  /** whether the previous claim ended without a recorded outcome */
  takenOver: boolean;
}

export interface Tried extends Posted {
  at: Date;
  durationMs: number;
}

/** When an endpoint next gets a delivery. */
export interface Outlook {
  /** when the next delivery can be sent */
  at: Date;
  /** whether the endpoint recovers, so that it gets its deliveries slowly */
  recovers: boolean;
}

/** A try with a 2xx answer. */
export interface Succeeded {
  delivery: ClaimedDelivery;
  tried: Tried;
  /** whether this try decides if the endpoint works again */
  probe: boolean;
  at: Date;
}

/** The state of a delivery after a try. */
export type AfterTry = { state: 'delivered' | 'failed'; nextTryAt: null } | { state: 'pending'; nextTryAt: Date };

/**
 * How long a claim lasts: longer than a try and its writes can take. When the claim is over, its process counts as
 * dead. The database's clock decides, because the clocks of two processes may differ by more than this.
 */
const claimSeconds = 20;
export const claimMs = claimSeconds * 1000;

const isUnclaimed = `(leased_until is null or leased_until <= now())`;

/**
 * Records a try with unknown outcome for each row of `taken` that has an expired claim: the process of that claim may
 * have sent the event. If that process still records an outcome, its outcome replaces the unknown one.
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
 * An event's first try begins only when the first tries of all earlier events of its session have known outcomes. This
 * also holds for events that are sent again on request. An event that waits for a later try does not hold up other
 * events.
 */
const inOrder = `(step > 0 or session_id is null or not exists (
  select from deliveries as earlier
   where earlier.endpoint_id = due.endpoint_id and earlier.session_id = due.session_id and earlier.seq < due.seq
     and earlier.state = 'pending' and earlier.step = 0))`;

/**
 * Claims deliveries and records their tries. Every try has a row, whatever happened to the delivery meanwhile. A
 * failure changes the delivery only under its latest claim. A success changes it even after a later claim, unless
 * another outcome was recorded first.
 */
@Injectable()
export class DueDeliveriesStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  /**
   * Claims at most `limit` due deliveries of the endpoint for `claimMs`.
   * @param unhindered claim only if nothing holds the endpoint back; false: the caller has checked, and has locked its
   *   row
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

  /** When the endpoint's next delivery can be sent, and whether the endpoint recovers; null: no delivery waits. */
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

  /** Records successes. The rows of endpoints change only if they were failing. */
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

  /** Call it in the transaction that has locked the endpoint's row. */
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

  /** Whether this claim is still the latest one. */
  async isClaimed(tx: Transaction, { id, claim }: ClaimedDelivery): Promise<boolean> {
    const { count } = await tx.query(`select from deliveries where id = $1 and claims = $2`, [id, claim]);
    return count === 1;
  }

  /** Gives back a delivery that was not sent. */
  async letGo({ id, claim }: ClaimedDelivery): Promise<void> {
    await this.database.query(`update deliveries set leased_until = null where id = $1 and claims = $2`, [id, claim]);
  }

  /** Gives back a delivery that was sent, but whose answer we could not wait for. It is sent again at once. */
  async letGoUnanswered({ id, claim }: ClaimedDelivery, { at, durationMs }: Tried): Promise<void> {
    await this.database.query(
      `with tried as (
         insert into delivery_attempts (delivery_id, claim, at, duration_ms, error)
         values ($1, $2, $3, $4, 'outcome-unknown') on conflict (delivery_id, claim) do nothing)
       update deliveries set leased_until = null where id = $1 and claims = $2`,
      [id, claim, at, durationMs],
    );
  }

  /** Endpoints with an unclaimed delivery that has been due since before that time. */
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

  /** Discards pending deliveries of deleted endpoints. */
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
    return answer === null ? null : this.sealer.seal(answer, sealedColumns.deliveryAnswer.context(deliveryId));
  }
}
