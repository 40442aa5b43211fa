import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import { Database, type Transaction } from '../database/database.js';
import type { EventType } from '../journal/event-types.js';
import { JournalStore } from '../journal/journal.store.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { ErasureStore } from './erasure.store.js';
import { type LegalHold, LegalHoldsStore } from './legal-holds.store.js';

/** Keeps what is known of a subject from erasure, by anybody and by age, while somebody may need it in court. */
@Injectable()
export class LegalHolds {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(LegalHoldsStore) private readonly store: LegalHoldsStore,
    @Inject(ErasureStore) private readonly subjects: ErasureStore,
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  find(scanRef: string): Promise<LegalHold | null> {
    return this.store.find(scanRef);
  }

  /** Placing again changes the reason. */
  place(scanRef: string, reason: string, actor: Actor): Promise<LegalHold | 'not-found'> {
    return this.database.transaction(async (tx) => {
      await this.store.takeTurn(tx, scanRef);
      if (!(await this.subjects.hasSession(tx, scanRef))) return 'not-found';
      const hold = { reason, placedBy: actor.id, placedAt: this.clock.now() };
      await this.store.place(tx, scanRef, hold);
      await this.tell(tx, 'subject.held', scanRef, actor, hold.placedAt);
      return hold;
    });
  }

  lift(scanRef: string, actor: Actor): Promise<'lifted' | 'not-found'> {
    return this.database.transaction(async (tx) => {
      await this.store.takeTurn(tx, scanRef);
      if (!(await this.store.find(scanRef, tx))) return 'not-found';
      await this.store.lift(tx, scanRef);
      await this.tell(tx, 'subject.hold-lifted', scanRef, actor, this.clock.now());
      return 'lifted';
    });
  }

  /** Without the reason: it may name people, and no erasure of the subject would reach it. */
  private async tell(tx: Transaction, type: EventType, scanRef: string, actor: Actor, at: Date): Promise<void> {
    await this.journal.appendLoose(tx, [{ type, attemptId: null, data: { scanRef } }], at, actor, null);
    this.dispatcher.afterCommit(tx, jobs.seal());
  }
}
