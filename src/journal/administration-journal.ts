import { Inject, Injectable } from '@nestjs/common';
import type { Administrator } from '../core/actor.js';
import type { Transaction } from '../database/database.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import type { AdministrationType } from './event-types.js';
import type { EventData } from './journal-event.js';
import { JournalStore } from './journal.store.js';

/** Records acts of administration: what was done, and by whom. */
@Injectable()
export class AdministrationJournal {
  constructor(
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JobDispatcher) private readonly dispatcher: Pick<JobDispatcher, 'afterCommit'>,
  ) {}

  /** @param tx the transaction of the act, so that no act is committed without its event */
  async record(
    tx: Transaction,
    type: AdministrationType,
    data: EventData,
    { actor, platform }: Administrator,
    at: Date,
  ): Promise<void> {
    await this.journal.appendLoose(tx, [{ type, attemptId: null, data }], at, actor, platform);
    this.dispatcher.afterCommit(tx, jobs.seal());
  }
}
