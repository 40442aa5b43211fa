import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import { Database } from '../database/database.js';
import { AttemptMoves } from './attempt-moves.js';
import { AttemptsStore } from './attempts.store.js';
import { reviewPass } from './pass.js';
import { sessionFacts } from './rows.js';

/** A person's word on a held pass. */
@Injectable()
export class ReviewService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AttemptsStore) private readonly store: AttemptsStore,
    @Inject(AttemptMoves) private readonly moves: AttemptMoves,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  decide(
    sessionId: string,
    review: { decision: 'pass' | 'fail'; note: string },
    actor: Actor,
  ): Promise<'decided' | 'not-found' | 'not-in-review'> {
    return this.database.transaction(async (tx) => {
      const locked = await this.store.lock(tx, sessionId);
      const attempt = locked?.attempts.at(-1);
      if (!locked || !attempt) return 'not-found';
      const now = this.clock.now();
      const moved = reviewPass(sessionFacts(locked), attempt, review, now);
      if (moved === 'not-in-review') return moved;
      await this.moves.write(tx, locked, attempt, moved, { actor, now });
      return 'decided';
    });
  }
}
