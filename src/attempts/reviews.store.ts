import { Inject, Injectable } from '@nestjs/common';
import type { SQL } from 'drizzle-orm';
import type { Reach } from '../core/reach.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import { sessions } from '../database/schema.js';
import { within } from '../database/within.js';
import { ApiKeysStore } from '../http/api-keys.store.js';
import { AttemptsStore } from './attempts.store.js';
import type { Approval, Reviewer } from './four-eyes.js';
import type { Claim } from './review.js';
import type { SessionWithAttempts } from './rows.js';

export interface ReviewFilter {
  reach: Reach;
  /** by a claim that lives now */
  claimed: boolean | null;
  /** id of the last session of the page before */
  after: string | null;
  limit: number;
}

/** A session with what reviewers have done about its hold. */
export interface ReviewRow extends SessionWithAttempts {
  claim: Claim | null;
  approvals: Approval[];
  notesCount: number;
}

/** Claims and approvals. Writers must hold the session's row. Notes and the rest are in the journal. */
@Injectable()
export class ReviewsStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadDatabase) private readonly reads: ReadDatabase,
    @Inject(AttemptsStore) private readonly attempts: AttemptsStore,
    @Inject(ApiKeysStore) private readonly keys: ApiKeysStore,
  ) {}

  /** Sessions in review, those held for longest first. */
  async list({ reach, claimed, after, limit }: ReviewFilter, now: Date): Promise<ReviewRow[]> {
    const { rows } = await this.reads.query<{ id: string }>(
      `select id from sessions left join review_claims on session_id = id and claimed_until > $1
        where status = 'in-review' and ($2::boolean is null or $2 = (session_id is not null))
          and ($5::text is null or platform = $5)
          and ($3::text is null or (held_at, id) > (
            select held_at, id from sessions where id = $3 and ($5::text is null or platform = $5)))
        order by held_at, id limit $4`,
      [now, claimed, after, limit, reach.platform],
    );
    return this.withSessions(
      this.reads,
      rows.map(({ id }) => id),
    );
  }

  /** @returns null when its session was never held */
  async find(sessionId: string, reach: Reach): Promise<ReviewRow | null> {
    const [found] = await this.withSessions(this.database, [sessionId], within(reach, sessions.platform));
    return found?.session.heldAt ? found : null;
  }

  private async withSessions(from: Queryable, ids: string[], condition?: SQL): Promise<ReviewRow[]> {
    const found = await this.attempts.findMany(from, ids, condition);
    const claims = await this.claims(from, ids);
    const approvals = await this.approvals(from, ids);
    const { rows: notes } = await from.query<{ sessionId: string; count: number }>(
      `select session_id as "sessionId", count(*)::int as count from events
        where session_id = any($1::text[]) and type = 'review.noted' group by session_id`,
      [ids],
    );
    return found.map(({ session, ...rest }) => ({
      session,
      ...rest,
      claim: claims.get(session.id) ?? null,
      approvals: approvals.filter(({ sessionId, reason }) => sessionId === session.id && reason === session.reason),
      notesCount: notes.find(({ sessionId }) => sessionId === session.id)?.count ?? 0,
    }));
  }

  /** The claim as it was made last, live or not. */
  async claim(tx: Transaction, sessionId: string): Promise<Claim | null> {
    return (await this.claims(tx, [sessionId])).get(sessionId) ?? null;
  }

  private async claims(from: Queryable, ids: string[]): Promise<Map<string, Claim>> {
    const { rows } = await from.query<Claim & { sessionId: string }>(
      `select session_id as "sessionId", claimed_by as by, claimed_at as at, claimed_until as until
         from review_claims where session_id = any($1::text[])`,
      [ids],
    );
    return new Map(rows.map(({ sessionId, by, at, until }) => [sessionId, { by, at, until }]));
  }

  async putClaim(tx: Transaction, sessionId: string, { by, at, until }: Claim): Promise<void> {
    await tx.query(
      `insert into review_claims (session_id, claimed_by, claimed_at, claimed_until) values ($1, $2, $3, $4)
       on conflict (session_id) do update set claimed_by = $2, claimed_at = $3, claimed_until = $4`,
      [sessionId, by, at, until],
    );
  }

  async endClaim(tx: Transaction, sessionId: string): Promise<void> {
    await tx.query('delete from review_claims where session_id = $1', [sessionId]);
  }

  /** @throws Error if there is no such key */
  async reviewer(tx: Transaction, keyId: string): Promise<Reviewer> {
    const [found] = await this.reviewers(tx, [keyId]);
    if (!found) throw new Error(`API key ${keyId} is gone`);
    return found;
  }

  private async reviewers(from: Queryable, keyIds: readonly string[]): Promise<(Reviewer & { revoked: boolean })[]> {
    const found = await this.keys.lineages(from, keyIds);
    return found.map(({ scopes, ...key }) => ({ ...key, hasReviewScope: scopes.includes('review') }));
  }

  /** The approvals for the current reason. An approval for an earlier reason was given when less was known. */
  async approvalsOf(tx: Transaction, sessionId: string, reason: string | null): Promise<Approval[]> {
    return (await this.approvals(tx, [sessionId])).filter((approval) => approval.reason === reason);
  }

  /** Without approvals of revoked keys: a key may have been revoked because somebody else used it. */
  private async approvals(from: Queryable, ids: string[]) {
    const { rows } = await from.query<{ sessionId: string; reason: string; by: string; at: Date }>(
      `select session_id as "sessionId", reason, approved_by as by, approved_at as at
         from review_approvals where session_id = any($1::text[]) order by approved_at, approved_by`,
      [ids],
    );
    const keyIds = [...new Set(rows.map(({ by }) => by))];
    const live = keyIds.length === 0 ? [] : (await this.reviewers(from, keyIds)).filter(({ revoked }) => !revoked);
    const reviewers = new Map(live.map((reviewer) => [reviewer.id, reviewer]));
    return rows.flatMap(({ by: keyId, ...approval }) => {
      const by = reviewers.get(keyId);
      return by ? [{ ...approval, by }] : [];
    });
  }

  async addApproval(tx: Transaction, sessionId: string, reason: string | null, by: string, at: Date): Promise<void> {
    await tx.query(
      `insert into review_approvals (session_id, reason, approved_by, approved_at) values ($1, $2, $3, $4)`,
      [sessionId, reason, by, at],
    );
  }
}
