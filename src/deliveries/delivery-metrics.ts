import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { Database } from '../database/database.js';
import { Metrics } from '../http/metrics.js';

const deliveryStates = ['due', 'sending', 'held', 'scheduled', 'disabled'] as const;
const endpointStates = ['well', 'failing', 'disabled'] as const;

/** Shows whether the service sends webhooks, separately from whether consumers accept them. */
@Injectable()
export class DeliveryMetrics {
  readonly tries: Counter<'result'>;
  private readonly deliveries: Gauge<'state'>;
  private readonly oldestDue: Gauge;
  private readonly endpoints: Gauge<'state'>;
  private readonly unread: Gauge;

  constructor(
    @Inject(Metrics) metrics: Metrics,
    @Inject(Database) private readonly database: Database,
  ) {
    const registers = [metrics.registry];
    this.tries = new Counter({
      name: 'facecode_delivery_tries_total',
      help: 'Tries to send a webhook to a consumer, by the status class of the answer or by the reason why there was none.',
      labelNames: ['result'],
      registers,
    });
    this.deliveries = new Gauge({
      name: 'facecode_deliveries',
      help: 'Pending webhooks to consumers: due now, being sent, held back because their endpoint fails, scheduled for a later try, or for a disabled endpoint.',
      labelNames: ['state'],
      registers,
    });
    this.oldestDue = new Gauge({
      name: 'facecode_deliveries_oldest_due_seconds',
      help: 'How long the oldest delivery has been due, at endpoints that work and that nothing is being sent to.',
      registers,
    });
    this.endpoints = new Gauge({
      name: 'facecode_endpoints',
      help: 'Endpoints: their last try succeeded (well) or failed (failing), or they are disabled.',
      labelNames: ['state'],
      registers,
    });
    this.unread = new Gauge({
      name: 'facecode_deliveries_unread_events',
      help: 'Events of the journal for which no deliveries were made yet.',
      registers,
    });
    metrics.beforeScrape(() => this.readDeliveries());
    metrics.beforeScrape(() => this.readEndpoints());
  }

  private async readDeliveries(): Promise<void> {
    const { rows } = await this.database.query<{ state: string; n: number; seconds: number | null }>(
      `with counted as (
         select endpoint_id, count(*) as n, min(next_try_at) as since,
                case when disabled_at is not null then 'disabled'
                     when leased_until > now() then 'sending'
                     when next_try_at > now() then 'scheduled'
                     when failing_since is not null or pace is not null or held_until > now() then 'held'
                     else 'due' end as state
           from deliveries join endpoints on endpoints.id = endpoint_id
          where deliveries.state = 'pending' and deleted_at is null group by endpoint_id, 4)
       select state, sum(n)::int as n,
              extract(epoch from now() - min(since) filter (
                where endpoint_id not in (select endpoint_id from counted where state = 'sending')))::float as seconds
         from counted group by state`,
    );
    const find = (state: string) => rows.find((row) => row.state === state);
    for (const state of deliveryStates) this.deliveries.set({ state }, find(state)?.n ?? 0);
    this.oldestDue.set(Math.max(0, find('due')?.seconds ?? 0));
  }

  private async readEndpoints(): Promise<void> {
    const { rows } = await this.database.query<{ state: string; n: number }>(
      `select case when disabled_at is not null then 'disabled' when failing_since is not null then 'failing' else 'well' end
                as state, count(*)::int as n
         from endpoints where deleted_at is null group by 1
       union all
       select 'unread', greatest(0, (select coalesce(max(position), 0) from events) - position)::int
         from delivery_cursor`,
    );
    const count = (state: string) => rows.find((row) => row.state === state)?.n ?? 0;
    for (const state of endpointStates) this.endpoints.set({ state }, count(state));
    this.unread.set(count('unread'));
  }
}
