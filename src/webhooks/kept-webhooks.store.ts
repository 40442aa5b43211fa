/** Kept webhooks as an operator sees them. Never with a body or a token. */
import { Inject, Injectable } from '@nestjs/common';
import { and, desc, eq, gte, lt, sql } from 'drizzle-orm';
import type { Reach } from '../core/reach.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import { attempts, webhooks } from '../database/schema.js';
import { within } from '../database/within.js';
import type { Reading, WebhookState } from './reading.js';

export interface WebhookRow {
  id: string;
  state: WebhookState;
  verdict: string | null;
  error: string | null;
  eventType: string | null;
  attemptId: string | null;
  sessionId: string | null;
  /** SHA-256 of the bytes exactly as they arrived */
  digest: Buffer;
  keyIndex: number;
  duplicates: number;
  replays: number;
  hasBody: boolean;
  receivedAt: Date;
  appliedAt: Date | null;
}

export interface WebhookFilter {
  reach: Reach;
  state?: WebhookState;
  tokenDigest?: Buffer;
  from?: Date;
  to?: Date;
  /** id of the last webhook of the page before */
  before?: string;
  limit: number;
}

export interface SealedBody {
  bodySealed: Buffer | null;
  eventType: string | null;
  state: WebhookState;
  verdict: string | null;
}

const columns = {
  id: webhooks.id,
  state: sql<WebhookState>`${webhooks.state}`,
  verdict: webhooks.verdict,
  error: webhooks.error,
  eventType: webhooks.eventType,
  attemptId: webhooks.attemptId,
  sessionId: attempts.sessionId,
  digest: webhooks.digest,
  keyIndex: webhooks.keyIndex,
  duplicates: webhooks.duplicates,
  replays: webhooks.replays,
  hasBody: sql<boolean>`${webhooks.bodySealed} is not null`,
  receivedAt: webhooks.receivedAt,
  appliedAt: webhooks.appliedAt,
};

@Injectable()
export class KeptWebhooksStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadDatabase) private readonly reads: ReadDatabase,
  ) {}

  /** Newest first: ids are time-ordered. */
  list(filter: WebhookFilter): Promise<WebhookRow[]> {
    return this.select(this.reads)
      .where(
        and(
          within(filter.reach, webhooks.platform),
          filter.state && eq(webhooks.state, filter.state),
          filter.tokenDigest && eq(webhooks.tokenDigest, filter.tokenDigest),
          filter.from && gte(webhooks.receivedAt, filter.from),
          filter.to && lt(webhooks.receivedAt, filter.to),
          filter.before === undefined ? undefined : lt(webhooks.id, filter.before),
        ),
      )
      .orderBy(desc(webhooks.id))
      .limit(filter.limit);
  }

  async find(id: string, database: Queryable = this.database): Promise<WebhookRow | null> {
    const [row] = await this.select(database).where(eq(webhooks.id, id));
    return row ?? null;
  }

  /** Keeps others from applying it until the transaction ends. */
  async lock(tx: Transaction, id: string, reach: Reach): Promise<SealedBody | null> {
    const [row] = await tx.orm
      .select({
        bodySealed: webhooks.bodySealed,
        eventType: webhooks.eventType,
        state: columns.state,
        verdict: webhooks.verdict,
      })
      .from(webhooks)
      .where(and(eq(webhooks.id, id), within(reach, webhooks.platform)))
      .for('update');
    return row ?? null;
  }

  /** Resets a webhook for a replay: its state is that of a new webhook, and its count of replays grows by one. */
  async setBack(tx: Transaction, id: string, { state, tokenDigest, error }: Reading): Promise<void> {
    const before = { verdict: null, attemptId: null, platform: null, appliedAt: null };
    const replays = sql`${webhooks.replays} + 1`;
    await tx.orm
      .update(webhooks)
      .set({ ...before, state, tokenDigest, error, replays })
      .where(eq(webhooks.id, id));
  }

  private select(database: Queryable) {
    return database.orm.select(columns).from(webhooks).leftJoin(attempts, eq(attempts.id, webhooks.attemptId));
  }
}
