import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import type { Transaction } from '../database/database.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { SubjectsService } from '../risk/subjects.service.js';
import { AttemptsStore } from './attempts.store.js';
import { IdentificationsStore, type NamedIdentification } from './identifications.store.js';
import { type OpenAttempt, OpenAttemptsStore } from './open-attempts.store.js';

/** The sessions, scanRefs and identifications that a batch of webhooks names. */
export interface Named {
  /** sessions of the attempts that the webhooks name by token */
  sessionIds: readonly string[];
  /** scanRefs of those attempts */
  scanRefs: readonly string[];
  /** identifications that were approved */
  identified: readonly NamedIdentification[];
  /** scanRefs of final results without a token */
  withoutToken: readonly string[];
}

/** Shortest time between two checks of one attempt, so that many results without a token do not cause many calls. */
const pauseMs = 10_000;

/**
 * Finds and locks the sessions and subjects that a batch of webhooks concerns, before the first webhook is applied. A
 * result without a token does not identify an attempt. So each attempt that it may be about is checked with iDenfy's
 * session API.
 */
@Injectable()
export class ResultTargets {
  constructor(
    @Inject(AttemptsStore) private readonly attempts: AttemptsStore,
    @Inject(OpenAttemptsStore) private readonly open: OpenAttemptsStore,
    @Inject(IdentificationsStore) private readonly identifications: IdentificationsStore,
    @Inject(SubjectsService) private readonly subjects: SubjectsService,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Locks in the order that Database.transaction prescribes. */
  async lock(tx: Transaction, { sessionIds, scanRefs, identified, withoutToken }: Named): Promise<void> {
    const open = await this.open.find(tx, withoutToken);
    const sessions = [
      ...sessionIds,
      ...(await this.identifications.sessionsOf(tx, identified)),
      ...open.map(({ sessionId }) => sessionId),
    ];
    if (sessions.length > 0) await this.attempts.lockMany(tx, sessions);
    await this.subjects.lockAll(tx, scanRefs, this.clock.now());
    if (open.length > 0) await this.check(tx, open);
  }

  /** Makes the attempts due in the database as well, so that the sweeper finds them if a job is lost. */
  private async check(tx: Transaction, attempts: readonly OpenAttempt[]): Promise<void> {
    const now = this.clock.now();
    const ids = attempts.map(({ id }) => id);
    for (const { id, askedAt } of await this.open.askForChecks(tx, ids, now, pauseMs)) {
      const isAtOnce = askedAt.getTime() === now.getTime();
      const delayMs = isAtOnce ? 0 : askedAt.getTime() + pauseMs - now.getTime();
      this.dispatcher.afterCommit(tx, jobs.check(id, delayMs));
    }
  }
}
