import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import type { Transaction } from '../database/database.js';
import type { sessions } from '../database/schema.js';
import type { NewEvent } from '../journal/journal-event.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { AttemptsStore } from './attempts.store.js';
import { requested } from './session.js';

/** A new session with its first attempt, and the job that has its code made. */
@Injectable()
export class SessionOpening {
  constructor(
    @Inject(AttemptsStore) private readonly store: AttemptsStore,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
  ) {}

  async open(
    tx: Transaction,
    session: typeof sessions.$inferInsert,
    attemptId: string,
    created: NewEvent,
    actor: Actor,
  ): Promise<void> {
    const attempt = { id: attemptId, number: 1 };
    await this.store.insertSession(tx, session, attempt, [created, requested(attempt, 'created')], actor);
    this.dispatcher.afterCommit(tx, jobs.checkEligibility(attempt.id, 0));
    this.dispatcher.afterCommit(tx, jobs.seal());
  }
}
