import { Inject, Injectable } from '@nestjs/common';
import { asc, inArray, or } from 'drizzle-orm';
import type { Queryable } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import { webhooks } from '../database/schema.js';

/** A received webhook without its body; the digest is of the bytes as they arrived. */
export interface WebhookRecord {
  id: string;
  digest: Buffer;
  receivedAt: Date;
  state: string;
  verdict: string | null;
}

@Injectable()
export class EvidenceStore {
  constructor(@Inject(ReadDatabase) private readonly database: Queryable) {}

  /**
   * Webhooks that were applied to one of the attempts, with any verdict, and webhooks that events name; oldest first.
   */
  webhooksOf(attemptIds: readonly string[], named: readonly string[]): Promise<WebhookRecord[]> {
    return this.database.orm
      .select({
        id: webhooks.id,
        digest: webhooks.digest,
        receivedAt: webhooks.receivedAt,
        state: webhooks.state,
        verdict: webhooks.verdict,
      })
      .from(webhooks)
      .where(or(inArray(webhooks.attemptId, [...attemptIds]), inArray(webhooks.id, [...named])))
      .orderBy(asc(webhooks.receivedAt), asc(webhooks.id));
  }
}
