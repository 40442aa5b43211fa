import { Inject, Injectable } from '@nestjs/common';
import type { SessionStatus } from '../attempts/states.js';
import type { Queryable } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';

interface ReviewOutcome {
  decision: 'pass' | 'fail';
  decidedAt: Date;
  /** id of the API key */
  decidedBy: string;
  /** ids of the keys that approved the pass before (REVIEW_FOUR_EYES) */
  approvedBy: string[];
}

/** The status of a session and its review. */
export interface SessionOutcome {
  status: SessionStatus;
  review: ReviewOutcome | null;
}

type Row = { id: string; status: SessionStatus } & { [name in keyof ReviewOutcome]: ReviewOutcome[name] | null };

/** Reads the outcomes of the sessions on one page of attempts. */
@Injectable()
export class SessionOutcomesStore {
  constructor(@Inject(ReadDatabase) private readonly database: Queryable) {}

  /** One statement. Only held sessions have a review, so the journal is read for those only. */
  async of(sessionIds: readonly string[]): Promise<Map<string, SessionOutcome>> {
    const { rows } = await this.database.query<Row>(
      `select sessions.id, status, data->>'decision' as decision, at as "decidedAt", actor->>'id' as "decidedBy",
              coalesce(data->'approvedBy', '[]') as "approvedBy"
         from sessions left join events
           on held_at is not null and session_id = sessions.id and type = 'review.decided'
        where sessions.id = any($1::text[])`,
      [[...new Set(sessionIds)]],
    );
    return new Map(rows.map(({ id, status, ...review }) => [id, { status, review: reviewOf(review) }]));
  }
}

function reviewOf({ decision, decidedAt, decidedBy, approvedBy }: Omit<Row, 'id' | 'status'>): ReviewOutcome | null {
  if (decision === null || decidedAt === null || decidedBy === null) return null;
  return { decision, decidedAt, decidedBy, approvedBy: approvedBy ?? [] };
}
