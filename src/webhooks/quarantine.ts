import { Inject, Injectable } from '@nestjs/common';
import type { Transaction } from '../database/database.js';
import { JournalStore } from '../journal/journal.store.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';

export interface Quarantined {
  id: string;
  digest: Buffer;
  eventType: string | null;
  /** fixed words of ours: what is in the body does not get into the journal */
  reason: string;
}

/** Journals that signed webhooks cannot be read or applied: of no session, since none is known. */
@Injectable()
export class QuarantineJournal {
  constructor(
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
  ) {}

  /** In the transaction that sets them aside. */
  async tell(tx: Transaction, webhooks: readonly Quarantined[], at: Date): Promise<void> {
    if (webhooks.length === 0) return;
    const events = webhooks.map(({ id, digest, eventType, reason }) => ({
      type: 'webhook.quarantined' as const,
      attemptId: null,
      data: { webhookId: id, digest: digest.toString('hex'), eventType, reason },
    }));
    await this.journal.appendLoose(tx, events, at, { kind: 'system', id: 'webhook-quarantine' }, null);
    this.dispatcher.afterCommit(tx, jobs.seal());
  }
}
