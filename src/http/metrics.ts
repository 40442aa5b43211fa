import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Database } from '../database/database.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { queueNames } from '../queue/jobs.js';

/** Everything that is counted, for Prometheus. Labels hold names only, never an id, a reference or an address. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();

  readonly requests = new Histogram({
    name: 'facecode_http_request_duration_seconds',
    help: 'Duration of HTTP requests by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  readonly providerCalls = new Histogram({
    name: 'facecode_provider_call_duration_seconds',
    help: 'Duration of calls to iDenfy by operation and outcome.',
    labelNames: ['operation', 'outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  readonly providerBreaker = new Gauge({
    name: 'facecode_provider_breaker_state',
    help: 'Whether this process calls iDenfy: 1 for the state its breaker is in, 0 for the others.',
    labelNames: ['state'],
    registers: [this.registry],
  });

  readonly providerBreakerOpenings = new Counter({
    name: 'facecode_provider_breaker_openings_total',
    help: 'How often this process stopped calling iDenfy, failed probes included.',
    registers: [this.registry],
  });

  readonly webhooks = new Counter({
    name: 'facecode_webhooks_total',
    help: 'Webhooks from iDenfy by what became of them at the door.',
    labelNames: ['result'],
    registers: [this.registry],
  });

  readonly checkpointMirror = new Counter({
    name: 'facecode_checkpoint_mirror_total',
    help: 'Checkpoints brought to CHECKPOINT_MIRROR by this process, and tries that failed.',
    labelNames: ['result'],
    registers: [this.registry],
  });

  readonly deliveryTries = new Counter({
    name: 'facecode_delivery_tries_total',
    help: 'Webhooks sent to consumers by the status class of the answer, or why there was none.',
    labelNames: ['result'],
    registers: [this.registry],
  });

  private readonly deliveries = new Gauge({
    name: 'facecode_deliveries',
    help: 'Webhooks to consumers that wait: due now, for their next try, or for a disabled endpoint.',
    labelNames: ['state'],
    registers: [this.registry],
  });

  private readonly deliveryAge = new Gauge({
    name: 'facecode_deliveries_oldest_due_seconds',
    help: 'For how long the delivery has been due that is due for longest.',
    registers: [this.registry],
  });

  private readonly fanOutLag = new Gauge({
    name: 'facecode_deliveries_unread_events',
    help: 'Events of the journal that no deliveries were made for yet.',
    registers: [this.registry],
  });

  private readonly orphans = new Gauge({
    name: 'facecode_orphaned_sessions',
    help: 'Sessions found at iDenfy that create calls without an answer have left behind.',
    registers: [this.registry],
  });

  private readonly attempts = new Gauge({
    name: 'facecode_attempts',
    help: 'Open attempts by state.',
    labelNames: ['state'],
    registers: [this.registry],
  });

  private readonly unsealed = new Gauge({
    name: 'facecode_journal_unsealed_events',
    help: 'Events that have no position yet.',
    registers: [this.registry],
  });

  private readonly unapplied = new Gauge({
    name: 'facecode_webhooks_waiting',
    help: 'Kept webhooks by state, of those that are not settled.',
    labelNames: ['state'],
    registers: [this.registry],
  });

  private readonly queueDepth = new Gauge({
    name: 'facecode_queue_jobs',
    help: 'Jobs by queue and state.',
    labelNames: ['queue', 'state'],
    registers: [this.registry],
  });

  private readonly queueAge = new Gauge({
    name: 'facecode_queue_oldest_waiting_seconds',
    help: 'Age of the oldest waiting job by queue.',
    labelNames: ['queue'],
    registers: [this.registry],
  });

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
  ) {
    collectDefaultMetrics({ register: this.registry, prefix: 'facecode_' });
  }

  /** The exposition text. What cannot be read now (a server is away) is left out, the rest is told all the same. */
  async text(): Promise<string> {
    await Promise.allSettled([
      this.readRows(),
      this.readDeliveries(),
      ...queueNames.map((name) => this.readQueue(name)),
    ]);
    return this.registry.metrics();
  }

  private async readRows(): Promise<void> {
    const { rows } = await this.database.query<{ what: string; state: string; n: number }>(
      `select 'attempt' as what, state, count(*)::int as n from attempts
        where state in ('requested', 'issued', 'awaiting-selfie') group by state
       union all select 'webhook', state, count(*)::int from webhooks where state in ('new', 'unmatched') group by state
       union all select 'event', 'unsealed', count(*)::int from events where position is null
       union all select 'orphan', 'found', count(*)::int from orphans`,
    );
    const count = (what: string, state: string) => rows.find((row) => row.what === what && row.state === state)?.n ?? 0;
    for (const state of ['requested', 'issued', 'awaiting-selfie'])
      this.attempts.set({ state }, count('attempt', state));
    for (const state of ['new', 'unmatched']) this.unapplied.set({ state }, count('webhook', state));
    this.unsealed.set(count('event', 'unsealed'));
    this.orphans.set(count('orphan', 'found'));
  }

  private async readDeliveries(): Promise<void> {
    const { rows } = await this.database.query<{ state: string; n: number; seconds: number }>(
      `select case when disabled_at is not null then 'disabled' when next_try_at <= now() then 'due' else 'scheduled' end
                as state,
              count(*)::int as n, coalesce(extract(epoch from now() - min(next_try_at)), 0)::float as seconds
         from deliveries join endpoints on endpoints.id = endpoint_id
        where deliveries.state = 'pending' and deleted_at is null group by 1
       union all
       select 'unread', greatest(0, (select coalesce(max(position), 0) from events) - position)::int, 0
         from delivery_cursor`,
    );
    const find = (state: string) => rows.find((row) => row.state === state);
    for (const state of ['due', 'scheduled', 'disabled']) this.deliveries.set({ state }, find(state)?.n ?? 0);
    this.deliveryAge.set(Math.max(0, find('due')?.seconds ?? 0));
    this.fanOutLag.set(find('unread')?.n ?? 0);
  }

  private async readQueue(name: (typeof queueNames)[number]): Promise<void> {
    const queue = this.dispatcher.queue(name);
    const states = ['waiting', 'active', 'delayed', 'failed', 'prioritized'] as const;
    const counts = await withinASecond(queue.getJobCounts(...states));
    for (const state of states) this.queueDepth.set({ queue: name, state }, counts[state] ?? 0);
    const [oldest] = await withinASecond(queue.getWaiting(0, 0));
    this.queueAge.set({ queue: name }, oldest ? Math.max(0, Date.now() - oldest.timestamp) / 1000 : 0);
  }
}

/** Redis commands wait for a lost connection to come back; a scrape does not. */
function withinASecond<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer within a second')), 1000);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
