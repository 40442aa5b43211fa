import { Inject, Injectable } from '@nestjs/common';
import type { Transaction } from '../database/database.js';
import type { FinalStatus } from '../idenfy/contract.js';
import type { EventType } from '../journal/event-types.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { SubjectsService } from '../risk/subjects.service.js';
import { AddressDigests } from './address-digests.js';
import { AttemptSecrets } from './attempt-secret.js';
import { decide } from './attempt.js';
import { AttemptsStore, type WithMove } from './attempts.store.js';
import type { Decision, Input, Moved, Refused } from './decision.js';
import { Moments } from './moments.service.js';
import { type AttemptRow, attemptFacts, sessionFacts, type SessionWithAttempts } from './rows.js';

const lateResult: EventType = 'attempt.late-result';

/**
 * Whether a result is one more of the subject's: each moves its attempt at most once. A failure with a code that we had
 * voided counts too, else asking for a new code in time would be the way around the limit.
 */
function countsForSubject(decision: Decision, status: FinalStatus): boolean {
  if (decision.kind === 'moved') return true;
  return status === 'FAILED' && decision.kind === 'refused' && decision.events.some(({ type }) => type === lateResult);
}

/** Decides, writes what was decided, and pokes the jobs that follow from it: always the three together. */
@Injectable()
export class AttemptMoves {
  constructor(
    @Inject(AttemptsStore) private readonly store: AttemptsStore,
    @Inject(AttemptSecrets) private readonly secrets: AttemptSecrets,
    @Inject(AddressDigests) private readonly addresses: AddressDigests,
    @Inject(SubjectsService) private readonly subjects: SubjectsService,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Moments) private readonly moments: Moments,
  ) {}

  /** @param locked as read under the session's lock in this transaction */
  async apply(
    tx: Transaction,
    locked: SessionWithAttempts,
    attempt: AttemptRow,
    input: Input,
    beside: WithMove,
  ): Promise<Decision> {
    const decision = await this.decide(tx, locked, attempt, input, beside.now);
    const written = { ...beside, addressDigest: this.addresses.ofResult(input, locked.subjectKey) };
    if (decision.kind === 'moved') await this.write(tx, locked, attempt, decision, written);
    if (decision.kind === 'refused') await this.tell(tx, locked, attempt.id, decision, written);
    return decision;
  }

  /** Journals what moves nothing. */
  async tell(
    tx: Transaction,
    locked: SessionWithAttempts,
    attemptId: string,
    told: Pick<Refused, 'events' | 'signals'>,
    beside: WithMove,
  ): Promise<void> {
    if (told.events.length === 0) return;
    await this.store.tell(tx, locked, attemptId, told, beside);
    this.dispatcher.afterCommit(tx, jobs.seal());
  }

  private async decide(
    tx: Transaction,
    locked: SessionWithAttempts,
    attempt: AttemptRow,
    input: Input,
    now: Date,
  ): Promise<Decision> {
    const { scanRef } = locked.session;
    const moment = this.moments.of(locked, input, now);
    const decideWhile = (lockedUntil: Date | null) =>
      decide(sessionFacts(locked), attemptFacts(attempt), input, { ...moment, lockedUntil });
    if (input.kind !== 'result') return decideWhile(null);

    const { status } = input.outcome;
    const before = await this.subjects.standing(tx, scanRef, now);
    const decision = decideWhile(before.lockedUntil);
    if (!countsForSubject(decision, status)) return decision;
    const counted = await this.subjects.record(tx, locked.session, status, now);
    // A failure may have locked the subject, and then no new code follows; a pass is judged by the lock before it.
    const after = status === 'SUCCESS' ? before : await this.subjects.standing(tx, scanRef, now);
    const decided = decideWhile(after.lockedUntil);
    if (decided.kind === 'replayed') return decided;
    const [first, ...rest] = decided.events;
    return { ...decided, events: first ? [first, ...counted, ...rest] : counted };
  }

  async write(
    tx: Transaction,
    locked: SessionWithAttempts,
    attempt: AttemptRow | null,
    moved: Moved,
    beside: WithMove,
  ): Promise<void> {
    const keptToken = attempt && moved.attempt?.confirmAt ? this.secrets.tokenOnly(attempt) : null;
    await this.store.write(tx, locked, attempt, moved, { ...beside, ...(keptToken ? { keptToken } : {}) });
    this.dispatcher.afterCommit(tx, jobs.seal());
    const { next } = moved;
    if (next) {
      this.dispatcher.afterCommit(
        tx,
        locked.session.eligible ? jobs.issueCode(next.id, 0) : jobs.checkEligibility(next.id, 0),
      );
    }
    if (attempt) this.pokeClock(tx, attempt, moved, beside.now);
  }

  private pokeClock(tx: Transaction, attempt: AttemptRow, { attempt: change }: Moved, now: Date): void {
    if (change?.deadlineAt) {
      const delayMs = change.deadlineAt.getTime() - now.getTime();
      this.dispatcher.afterCommit(tx, jobs.deadline(attempt.id, Math.max(0, delayMs)));
    }
    if (change?.confirmAt) this.dispatcher.afterCommit(tx, jobs.confirmPass(attempt.id, 0));
    // The clock of an attempt that has ended would only cost a place in the budget of calls.
    if (change?.endedAt && attempt.deadlineAt) {
      tx.afterCommit(() => void this.dispatcher.withdraw(jobs.deadline(attempt.id)));
    }
  }
}
