import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { Database } from '../database/database.js';
import { JournalStore } from '../journal/journal.store.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { type Read, ReadLedger, type ReadSum } from './read-ledger.js';

const lookEveryMs = 1000;

/**
 * Journals who has read what is kept for auditors. The first read of its kind is in the journal before it is answered,
 * so a reader can be overlooked by no crash; of those that follow within the minute a kill -9 loses the number.
 */
@Injectable()
export class AccessLog implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(AccessLog.name);
  private readonly ledger = new ReadLedger();
  private timer: NodeJS.Timeout | undefined;
  private telling: Promise<void> = Promise.resolve();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.tellDue(this.clock.now()), lookEveryMs).unref();
  }

  /** After the last request was answered. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.telling;
    await this.tellDue(null);
  }

  /** @throws DatabaseUnavailable: what cannot be noted is not shown */
  async note(read: Omit<Read, 'at'>): Promise<void> {
    const first = this.ledger.add({ ...read, at: this.clock.now() });
    if (!first) return;
    try {
      await this.tell([first]);
    } catch (error) {
      this.ledger.undo(first);
      throw error;
    }
  }

  /** One telling at a time. @param now null: everything, the process is stopping */
  tellDue(now: Date | null): Promise<void> {
    return (this.telling = this.telling.then(() => this.tellNow(now)));
  }

  private async tellNow(now: Date | null): Promise<void> {
    const due = this.ledger.take(now);
    if (due.length === 0) return;
    try {
      await this.tell(due);
    } catch (error) {
      this.ledger.putBack(due);
      this.logger.warn(`reads are not journaled yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private tell(sums: readonly ReadSum[]): Promise<void> {
    const now = this.clock.now();
    return this.database.transaction(async (tx) => {
      for (const { keyId, route, filter, reads, rows, firstAt, lastAt } of sums) {
        const times = { firstAt: firstAt.toISOString(), lastAt: lastAt.toISOString() };
        const data = { route, filter: filter ?? 'other', reads, rows, ...times };
        const actor = { kind: 'api-key', id: keyId } as const;
        await this.journal.appendLoose(tx, [{ type: 'audit.read', attemptId: null, data }], now, actor, null);
      }
      this.dispatcher.afterCommit(tx, jobs.seal());
    });
  }
}
