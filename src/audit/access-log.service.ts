import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { Database } from '../database/database.js';
import type { ReadRecorder, RowsRead } from '../http/recorded-read.js';
import { JournalStore } from '../journal/journal.store.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { auditRead } from './audit-read.js';
import { type Read, ReadLedger, type ReadSum } from './read-ledger.js';

const lookEveryMs = 1000;

/** The reader, and what they asked for. */
export type Reader = Omit<Read, keyof RowsRead | 'at'>;

/**
 * Records who has read what. The first read of its kind is in the journal before its answer is sent, so a crash never hides
 * that somebody read. Further reads within a minute are added up; kill -9 may lose their count.
 */
@Injectable()
export class AccessLog implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(AccessLog.name);
  private readonly ledger = new ReadLedger();
  /** first reads that are being recorded */
  private readonly firsts = new Set<{ keyId: string; route: string; told: Promise<void> }>();
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

  /** Records the read of one request. */
  recorder(reader: Reader): ReadRecorder {
    const read = (rows: RowsRead): Read => ({ ...reader, ...rows, at: this.clock.now() });
    return {
      record: (rows) => this.note(read(rows)),
      add: (rows) => this.ledger.addPart(read(rows)),
    };
  }

  /** @throws DatabaseUnavailable: what cannot be recorded is not shown */
  private async note(read: Read): Promise<void> {
    const first = this.ledger.add(read);
    if (!first) return this.firstsOf(read);
    const telling = { keyId: read.keyId, route: read.route, told: this.tellFirst(first) };
    this.firsts.add(telling);
    try {
      await telling.told;
    } finally {
      this.firsts.delete(telling);
    }
  }

  /** A read that was added to a sum must not be answered before the first read of its kind is in the journal. */
  private async firstsOf({ keyId, route }: Read): Promise<void> {
    const telling = [...this.firsts].filter((first) => first.keyId === keyId && first.route === route);
    await Promise.all(telling.map(({ told }) => told));
  }

  private async tellFirst(first: ReadSum): Promise<void> {
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
      this.logger.warn(`reads are not recorded yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private tell(sums: readonly ReadSum[]): Promise<void> {
    const now = this.clock.now();
    return this.database.transaction(async (tx) => {
      for (const sum of sums) {
        const actor = { kind: 'api-key', id: sum.keyId } as const;
        await this.journal.appendLoose(tx, [auditRead(sum)], now, actor, sum.platform);
      }
      this.dispatcher.afterCommit(tx, jobs.seal());
    });
  }
}
