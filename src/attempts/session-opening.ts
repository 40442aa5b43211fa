import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import type { Transaction } from '../database/database.js';
import type { NewEvent } from '../journal/journal-event.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { Velocity } from '../risk/velocity.service.js';
import { AttemptsStore } from './attempts.store.js';
import type { NewSession } from './rows.js';
import { requested } from './session.js';
import { flag } from './signals.js';

/** A new session with its first attempt, and the job that has its code made. */
@Injectable()
export class SessionOpening {
  constructor(
    @Inject(AttemptsStore) private readonly store: AttemptsStore,
    @Inject(Velocity) private readonly velocity: Velocity,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
  ) {}

  async open(
    tx: Transaction,
    session: NewSession,
    { attemptId, created, initiatorIp }: { attemptId: string; created: NewEvent; initiatorIp: string | null },
    actor: Actor,
  ): Promise<void> {
    const attempt = { id: attemptId, number: 1 };
    const { scanRef, createdAt: now } = session;
    const flags = flag({ ...attempt, signals: [] }, await this.velocity.judge(tx, { scanRef, initiatorIp, now }));
    const row = { ...session, initiatorBlockDigest: this.velocity.initiatorDigest(initiatorIp) };
    const events = [created, requested(attempt, 'created'), ...flags.events];
    await this.store.insertSession(tx, row, { ...attempt, signals: flags.signals }, events, actor);
    this.dispatcher.afterCommit(tx, jobs.checkEligibility(attempt.id, 0));
    this.dispatcher.afterCommit(tx, jobs.seal());
  }
}
