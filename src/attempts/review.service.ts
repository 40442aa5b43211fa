import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import type { Actor } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import type { Reach } from '../core/reach.js';
import { Database, type Transaction } from '../database/database.js';
import type { NewEvent } from '../journal/journal-event.js';
import { AttemptMoves } from './attempt-moves.js';
import { AttemptsStore } from './attempts.store.js';
import { whyNotDecide } from './four-eyes.js';
import { isLive, type Review, reviewEvent, reviewPass, type ReviewRefusal, whyNot } from './review.js';
import { ReviewsStore } from './reviews.store.js';
import { type AttemptRow, sessionFacts, type SessionWithAttempts } from './rows.js';

interface Held {
  tx: Transaction;
  locked: SessionWithAttempts;
  attempt: AttemptRow;
  now: Date;
}

type Refusal = 'not-found' | ReviewRefusal;

/** What reviewers do with a held pass. Each is one transaction under the session's lock, and in the journal. */
@Injectable()
export class ReviewService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AttemptsStore) private readonly store: AttemptsStore,
    @Inject(ReviewsStore) private readonly reviews: ReviewsStore,
    @Inject(AttemptMoves) private readonly moves: AttemptMoves,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Reserves the pass for this key, or extends its claim. The key must be one that may decide. */
  claim(sessionId: string, reach: Reach, actor: Actor): Promise<'claimed' | Refusal> {
    return this.withHeld(sessionId, reach, async (held) => {
      const { tx, locked, attempt, now } = held;
      const claim = await this.reviews.claim(tx, sessionId);
      const refusal = whyNot(locked.session, claim, actor.id, now) ?? (await this.whyNotDecide(tx, actor));
      if (refusal) return refusal;
      const until = new Date(now.getTime() + this.settings.review.claimSeconds * 1000);
      await this.reviews.putClaim(tx, sessionId, { by: actor.id, at: now, until });
      await this.tell(held, actor, reviewEvent('review.claimed', attempt, { until: until.toISOString() }));
      return 'claimed';
    });
  }

  /** Gives the pass back. If there is no claim, nothing is recorded. */
  release(sessionId: string, reach: Reach, actor: Actor): Promise<'released' | Refusal> {
    return this.withHeld(sessionId, reach, async (held) => {
      const { tx, locked, attempt, now } = held;
      const claim = await this.reviews.claim(tx, sessionId);
      const refusal = whyNot(locked.session, claim, actor.id, now);
      if (refusal) return refusal;
      if (!isLive(claim, now)) return 'released';
      await this.reviews.endClaim(tx, sessionId);
      await this.tell(held, actor, reviewEvent('review.released', attempt, {}));
      return 'released';
    });
  }

  /** A note needs no claim: who knows something may say so while another decides. */
  note(sessionId: string, reach: Reach, note: string, actor: Actor): Promise<{ at: Date } | Refusal> {
    return this.withHeld(sessionId, reach, async (held) => {
      if (held.locked.session.status !== 'in-review') return 'not-in-review';
      await this.tell(held, actor, reviewEvent('review.noted', held.attempt, {}, note));
      return { at: held.now };
    });
  }

  /** `approved`: another reviewer has to say pass, too (REVIEW_FOUR_EYES). */
  decide(
    sessionId: string,
    reach: Reach,
    { decision, note }: Pick<Review, 'decision' | 'note'>,
    actor: Actor,
  ): Promise<'decided' | 'approved' | Refusal> {
    return this.withHeld(sessionId, reach, async (held) => {
      const { tx, locked, attempt, now } = held;
      const { reason } = locked.session;
      const decided = reviewPass(
        sessionFacts(locked),
        attempt,
        { reviewer: await this.reviews.reviewer(tx, actor.id), decision, note },
        {
          claim: await this.reviews.claim(tx, sessionId),
          approvals: await this.reviews.approvalsOf(tx, sessionId, reason),
          fourEyes: this.settings.review.fourEyes,
          heldAt: locked.session.heldAt ?? now,
          now,
        },
      );
      if (typeof decided === 'string') return decided;
      // This reviewer has finished. Another one may still have to decide.
      await this.reviews.endClaim(tx, sessionId);
      if (decided.kind === 'decided') {
        await this.moves.write(tx, locked, attempt, decided.moved, { actor, now });
      } else {
        await this.reviews.addApproval(tx, sessionId, reason, actor.id, now);
        await this.tell(held, actor, decided.event);
      }
      return decided.kind;
    });
  }

  private async whyNotDecide(tx: Transaction, { id }: Actor): Promise<'admin-alone' | null> {
    return this.settings.review.fourEyes ? whyNotDecide(await this.reviews.reviewer(tx, id)) : null;
  }

  private withHeld<T>(sessionId: string, reach: Reach, work: (held: Held) => Promise<T>): Promise<T | 'not-found'> {
    return this.database.transaction(async (tx) => {
      const locked = await this.store.lockWithin(tx, sessionId, reach);
      const attempt = locked?.attempts.at(-1);
      if (!locked || !attempt) return 'not-found';
      return work({ tx, locked, attempt, now: this.clock.now() });
    });
  }

  private tell({ tx, locked, attempt, now }: Held, actor: Actor, event: NewEvent): Promise<void> {
    return this.moves.tell(tx, locked, attempt.id, { events: [event], signals: [] }, { actor, now });
  }
}
