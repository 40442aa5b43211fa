import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Database } from '../database/database.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { queueNames } from '../queue/jobs.js';

/** Every scrape within this time gets the values that were read first. */
const freshForMs = 3000;
const patienceMs = 2000;

/**
 * Metrics for Prometheus. Gauges of states are read from rows at a scrape. Each counter counts only what its own
 * process did, so that the sum over all processes is right. Label values come from closed lists only: never an id, a
 * reference or an address.
 */
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
    help: 'Webhooks from iDenfy by how they were answered.',
    labelNames: ['result'],
    registers: [this.registry],
  });

  readonly checkpointMirror = new Counter({
    name: 'facecode_checkpoint_mirror_total',
    help: 'Checkpoints that this process wrote to CHECKPOINT_MIRROR, and failures to write one.',
    labelNames: ['result'],
    registers: [this.registry],
  });

  private readonly orphans = new Gauge({
    name: 'facecode_orphaned_sessions',
    help: 'Sessions at iDenfy that no attempt uses: their create call got no answer, their attempt had ended, or they belong to another product on the same account.',
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

  private readonly inconsistent = new Gauge({
    name: 'facecode_journal_inconsistent',
    help: '1 while nothing is sealed because the journal is not what the service has written, else 0.',
    registers: [this.registry],
  });

  private readonly unapplied = new Gauge({
    name: 'facecode_webhooks_waiting',
    help: 'Stored webhooks that are not applied yet, by state.',
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

  private readonly readers: (() => Promise<void>)[] = [];
  private reading: { began: number; done: Promise<unknown> } | null = null;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
  ) {
    collectDefaultMetrics({ register: this.registry, prefix: 'facecode_' });
    this.beforeScrape(() => this.readRows());
    for (const name of queueNames) this.beforeScrape(() => this.readQueue(name));
  }

  /** @param read sets gauges; runs before a scrape, but only once for several scrapes in a row */
  beforeScrape(read: () => Promise<void>): void {
    this.readers.push(read);
  }

  /** The metrics in Prometheus' text format. If a server is away, its gauges keep their last values. */
  async text(): Promise<string> {
    const now = performance.now();
    if (this.reading === null || now - this.reading.began > freshForMs) {
      this.reading = { began: now, done: Promise.allSettled(this.readers.map((read) => within(read()))) };
    }
    await this.reading.done;
    return this.registry.metrics();
  }

  private async readRows(): Promise<void> {
    const { rows } = await this.database.query<{ what: string; state: string; n: number }>(
      `select 'attempt' as what, state, count(*)::int as n from attempts
        where state in ('requested', 'issued', 'awaiting-selfie') group by state
       union all select 'webhook', state, count(*)::int from webhooks where state in ('new', 'unmatched') group by state
       union all select 'event', 'unsealed', count(*)::int from events where position is null and not set_aside
       union all select 'journal', 'inconsistent', count(*)::int from journal_state where stopped is not null
       union all select 'orphan', 'found', count(*)::int from orphans`,
    );
    const count = (what: string, state: string) => rows.find((row) => row.what === what && row.state === state)?.n ?? 0;
    for (const state of ['requested', 'issued', 'awaiting-selfie'])
      this.attempts.set({ state }, count('attempt', state));
    for (const state of ['new', 'unmatched']) this.unapplied.set({ state }, count('webhook', state));
    this.unsealed.set(count('event', 'unsealed'));
    this.inconsistent.set(count('journal', 'inconsistent'));
    this.orphans.set(count('orphan', 'found'));
  }

  private async readQueue(name: (typeof queueNames)[number]): Promise<void> {
    // Commands wait for a lost connection to come back; a scrape does not.
    if (!this.dispatcher.reachable) return;
    const queue = this.dispatcher.queue(name);
    const states = ['waiting', 'active', 'delayed', 'failed', 'prioritized'] as const;
    const counts = await queue.getJobCounts(...states);
    for (const state of states) this.queueDepth.set({ queue: name, state }, counts[state] ?? 0);
    const [oldest] = await queue.getWaiting(0, 0);
    this.queueAge.set({ queue: name }, oldest ? Math.max(0, Date.now() - oldest.timestamp) / 1000 : 0);
  }
}

/** Limits the wait for a server that is away, so that the scrape is answered. */
function within<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
