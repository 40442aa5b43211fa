import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { Database, type Transaction } from '../database/database.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { addressees, recovers } from './egress/addressing.js';
import { FanOutStore, type Subscriber } from './fan-out.store.js';

/** Events read at once. Each becomes one row for each endpoint that wants it. */
const batch = 200;
/** If the journal is ahead for longer than this, the job was lost. */
const overdueMs = 1000;

/** Reads new events of the journal and makes their deliveries. The cursor moves in the same transaction. */
@Injectable()
export class FanOut {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(FanOutStore) private readonly store: FanOutStore,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async run(): Promise<void> {
    while (await this.readOn());
    while (await this.recoverOn());
  }

  isOverdue(now: Date): Promise<boolean> {
    return this.store.isBehind(new Date(now.getTime() - overdueMs));
  }

  /** @returns whether there may be more */
  private readOn(): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const after = await this.store.lockCursor(tx);
      const entries = await this.store.entries(tx, after, batch);
      const last = entries.at(-1);
      if (!last) return false;
      const now = this.clock.now();
      const subscribers = await this.store.subscribers(tx);
      const addressed = entries.flatMap((entry) =>
        addressees(entry, subscribers).map((endpointId) => ({ endpointId, entry })),
      );
      await this.store.deliver(tx, addressed, now);
      await this.store.moveCursor(tx, last.position);
      const reached = new Set(addressed.map(({ endpointId }) => endpointId));
      for (const subscriber of subscribers) if (reached.has(subscriber.id)) this.poke(tx, subscriber, now);
      return entries.length === batch;
    });
  }

  /** @returns whether there may be more */
  private recoverOn(): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const endpoint = await this.store.lockRecovering(tx);
      if (!endpoint) return false;
      const entries = await this.store.entries(tx, endpoint.after, batch);
      const addressed = entries
        .filter((entry) => recovers(endpoint, entry))
        .map((entry) => ({ endpointId: endpoint.id, entry }));
      await this.store.deliverAgain(tx, addressed, this.clock.now());
      const last = entries.at(-1)?.position ?? endpoint.until;
      await this.store.moveRecovery(tx, endpoint.id, last < endpoint.until ? last : null);
      const now = this.clock.now();
      // A separate job, because the endpoint's usual job may be waiting for answers that never come.
      if (addressed.length > 0) this.dispatcher.afterCommit(tx, jobs.deliverAt(endpoint.id, now, now));
      return true;
    });
  }

  /** Queues one job for the endpoint. If the endpoint is held back, the job runs when the hold ends. */
  private poke(tx: Transaction, { id, heldUntil }: Subscriber, now: Date): void {
    const isHeld = heldUntil !== null && heldUntil > now;
    this.dispatcher.afterCommit(tx, isHeld ? jobs.deliverAt(id, heldUntil, now) : jobs.deliver(id));
  }
}
