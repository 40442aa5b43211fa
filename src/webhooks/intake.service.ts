import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { Database } from '../database/database.js';
import { DatabaseUnavailable } from '../database/database-errors.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { Batcher } from './batcher.js';
import { QuarantineJournal } from './quarantine.js';
import { type KeptWebhook, type ReceivedWebhook, WebhooksStore } from './webhooks.store.js';

/** A webhook has some 300 bytes; with the largest bodies the waiting ones come to 128 MB. */
const limits = {
  itemsMax: 200,
  weightMax: 4 * 1024 * 1024,
  weigh: ({ body }: ReceivedWebhook) => body?.length ?? 0,
  waitingMax: 2000,
};

/** Keeps webhooks durably; those that arrive together share one statement and one commit. */
@Injectable()
export class WebhookIntake {
  private readonly batcher = new Batcher<ReceivedWebhook, KeptWebhook>(
    limits,
    (webhooks) => this.keepTogether(webhooks),
    (error) => error instanceof DatabaseUnavailable,
  );

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(WebhooksStore) private readonly store: WebhooksStore,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(QuarantineJournal) private readonly quarantine: QuarantineJournal,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * Resolves after the commit.
   * @returns null when too many wait already
   * @throws DatabaseUnavailable when it could not be kept
   */
  keep(webhook: ReceivedWebhook): Promise<KeptWebhook> | null {
    return this.batcher.add(webhook);
  }

  private keepTogether(webhooks: readonly ReceivedWebhook[]): Promise<KeptWebhook[]> {
    return this.database.transaction(async (tx) => {
      const kept = await this.store.keep(tx, webhooks);
      const fresh = webhooks
        .map((webhook, at) => ({ ...webhook, ...kept[at]! }))
        .filter((webhook) => webhook.fresh)
        .map((webhook) => ({ ...webhook, reason: webhook.error ?? '' }));
      const quarantined = fresh.filter(({ state }) => state === 'quarantined');
      await this.quarantine.tell(tx, quarantined, this.clock.now());
      // Not waited for: the answer says that it is kept, and the sweeper applies what has no job.
      if (fresh.some(({ state }) => state === 'new')) this.dispatcher.afterCommit(tx, jobs.applyResults());
      return kept;
    });
  }
}
