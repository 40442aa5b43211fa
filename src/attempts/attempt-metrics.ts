import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { flaggingSignals, holdingSignals } from '../config/read-signals.js';
import { Database } from '../database/database.js';
import { Metrics } from '../http/metrics.js';
import { knownFailReasons } from '../idenfy/contract.js';
import { JournalStore } from '../journal/journal.store.js';
import type { NewEvent } from '../journal/journal-event.js';
import type { Outcome } from './outcome.js';

const knownSignals: readonly string[] = [...holdingSignals, ...Object.keys(flaggingSignals), 'about-to-lock'];
const knownReasons: readonly string[] = knownFailReasons;

/** The metrics that alert fraud teams and reviewers. The process that commits a verdict, signal or lock counts it. */
@Injectable()
export class AttemptMetrics {
  private readonly verdicts: Counter<'outcome' | 'reason' | 'source'>;
  private readonly signals: Counter<'signal'>;
  private readonly locks: Counter;
  private readonly reviews: Gauge;
  private readonly reviewAge: Gauge;

  constructor(
    @Inject(Metrics) metrics: Metrics,
    @Inject(JournalStore) journal: JournalStore,
    @Inject(Database) private readonly database: Database,
  ) {
    const registers = [metrics.registry];
    this.verdicts = new Counter({
      name: 'facecode_verdicts_total',
      help: 'Attempts that ended with an outcome, by iDenfy’s reason and by source.',
      labelNames: ['outcome', 'reason', 'source'],
      registers,
    });
    this.signals = new Counter({
      name: 'facecode_signals_total',
      help: 'Signals raised (risk.flagged).',
      labelNames: ['signal'],
      registers,
    });
    this.locks = new Counter({
      name: 'facecode_subject_locks_total',
      help: 'Locks of subjects after too many failures in a row.',
      registers,
    });
    this.reviews = new Gauge({
      name: 'facecode_reviews_waiting',
      help: 'Held passes that wait for a decision.',
      registers,
    });
    this.reviewAge = new Gauge({
      name: 'facecode_reviews_oldest_seconds',
      help: 'How long the oldest held pass has been waiting; 0: none waits.',
      registers,
    });
    for (const signal of knownSignals) this.signals.inc({ signal }, 0);
    journal.onAppended((events) => events.forEach((event) => this.count(event)));
    metrics.beforeScrape(() => this.readReviews());
  }

  private count({ type, data }: NewEvent): void {
    if (type === 'attempt.passed' || type === 'attempt.retry') this.countVerdict(data.outcome as unknown as Outcome);
    else if (type === 'risk.flagged') this.signals.inc({ signal: oneOf(knownSignals, String(data.signal)) });
    else if (type === 'subject.locked') this.locks.inc();
  }

  private countVerdict({ status, failReason, source }: Outcome): void {
    const reason = failReason === null ? 'none' : oneOf(knownReasons, failReason);
    this.verdicts.inc({ outcome: status, reason, source });
  }

  private async readReviews(): Promise<void> {
    const { rows } = await this.database.query<{ n: number; seconds: number }>(
      `select count(*)::int as n, coalesce(extract(epoch from now() - min(held_at)), 0)::float as seconds
         from sessions where status = 'in-review'`,
    );
    this.reviews.set(rows[0]?.n ?? 0);
    this.reviewAge.set(Math.max(0, rows[0]?.seconds ?? 0));
  }
}

/** iDenfy may send any word, and every new label value is a new time series: unknown words become `other`. */
const oneOf = (known: readonly string[], word: string): string => (known.includes(word) ? word : 'other');
