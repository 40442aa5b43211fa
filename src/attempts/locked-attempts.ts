import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import { addLogFields } from '../core/log-context.js';
import { Database, type Transaction } from '../database/database.js';
import { AttemptMoves } from './attempt-moves.js';
import { AttemptsStore, type WithMove } from './attempts.store.js';
import type { Decision, Input } from './decision.js';
import type { AttemptRow, SessionWithAttempts } from './rows.js';

export interface LockedAttempt {
  tx: Transaction;
  locked: SessionWithAttempts;
  attempt: AttemptRow;
  now: Date;
}

/** One attempt with its session, under the session's lock, in a transaction of its own. */
@Injectable()
export class LockedAttempts {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AttemptsStore) private readonly store: AttemptsStore,
    @Inject(AttemptMoves) private readonly moves: AttemptMoves,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @returns null when there is no such attempt */
  async with<T>(attemptId: string, work: (locked: LockedAttempt) => Promise<T>): Promise<T | null> {
    const sessionId = await this.store.sessionOf(attemptId);
    if (!sessionId) return null;
    addLogFields({ sessionId, attemptId });
    return this.database.transaction(async (tx) => {
      const locked = await this.store.lock(tx, sessionId);
      const attempt = locked?.attempts.find(({ id }) => id === attemptId);
      return locked && attempt ? work({ tx, locked, attempt, now: this.clock.now() }) : null;
    });
  }

  /** @param input null: there is nothing to decide after all */
  decide(
    attemptId: string,
    actor: Actor,
    input: (attempt: AttemptRow, now: Date) => Input | null,
    secret?: WithMove['secret'],
  ): Promise<Decision | null> {
    return this.with(attemptId, async ({ tx, locked, attempt, now }) => {
      const asked = input(attempt, now);
      if (!asked) return null;
      return this.moves.apply(tx, locked, attempt, asked, { actor, now, ...(secret ? { secret } : {}) });
    });
  }
}
