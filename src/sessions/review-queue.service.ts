/** The reviewers' side: held sessions are listed and read; what moves them is asked of the attempts. */
import { Inject, Injectable } from '@nestjs/common';
import { ReviewsStore } from '../attempts/reviews.store.js';
import { Clock } from '../core/clock.js';
import { isId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { Database } from '../database/database.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { JournalStore } from '../journal/journal.store.js';
import { type ReviewDetail, reviewDetail, type ReviewSummary, reviewSummary } from './review-view.js';
import type { ListReviewsDto } from './review.dto.js';
import { SessionsService } from './sessions.service.js';

export interface ReviewPage {
  data: ReviewSummary[];
  nextCursor: string | null;
}

@Injectable()
export class ReviewQueue {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReviewsStore) private readonly store: ReviewsStore,
    @Inject(SessionsService) private readonly sessions: SessionsService,
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async list({ claimed, limit, cursor }: ListReviewsDto, reach: Reach): Promise<ReviewPage> {
    const now = this.clock.now();
    const after = cursor === undefined ? null : decodeCursor(cursor, (text) => isId('ses', text));
    const found = await this.store.list({ reach, claimed: claimed ?? null, after, limit: limit + 1 }, now);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      data: page.map((row) => reviewSummary(row, this.sessions.view(row).reference, now)),
      nextCursor: found.length > limit && last ? encodeCursor(last.session.id) : null,
    };
  }

  /** Also once it is decided. @returns null when the session was never held */
  async find(sessionId: string, reach: Reach): Promise<ReviewDetail | null> {
    const row = isId('ses', sessionId) ? await this.store.find(sessionId, reach) : null;
    if (!row) return null;
    const history = await this.journal.ofSession(this.database, sessionId);
    return reviewDetail(row, this.sessions.view(row), history, this.clock.now());
  }
}
