import { Inject, Injectable, Logger } from '@nestjs/common';
import { tokenDigest } from '../attempts/attempt-secret.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import type { Administrator } from '../core/actor.js';
import { isId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { Database } from '../database/database.js';
import { instantOf } from '../http/instant.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { AdministrationJournal } from '../journal/administration-journal.js';
import { KeptWebhooksStore, type SealedBody, type WebhookRow } from './kept-webhooks.store.js';
import { isFaceAuthentication, readWebhook } from './reading.js';
import { ResultsService } from './results.service.js';
import type { ListWebhooksDto } from './webhook.dto.js';
import type { WebhookPageResponse, WebhookResponse } from './webhook.responses.js';
import { WebhooksStore } from './webhooks.store.js';

export type ReplayRefusal = 'not-found' | 'body-purged' | 'body-not-stored' | 'body-unreadable';

/** Looks through kept webhooks and runs one of them again. */
@Injectable()
export class KeptWebhooks {
  private readonly logger = new Logger(KeptWebhooks.name);

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(KeptWebhooksStore) private readonly store: KeptWebhooksStore,
    @Inject(WebhooksStore) private readonly bodies: WebhooksStore,
    @Inject(ResultsService) private readonly results: ResultsService,
    @Inject(AdministrationJournal) private readonly journal: AdministrationJournal,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async list(query: ListWebhooksDto, reach: Reach): Promise<WebhookPageResponse> {
    const { limit } = query;
    const found = await this.store.list({
      reach,
      limit: limit + 1,
      state: query.state,
      tokenDigest: query.token === undefined ? undefined : tokenDigest(query.token),
      from: instantOf(query.from),
      to: instantOf(query.to),
      before: query.cursor === undefined ? undefined : decodeCursor(query.cursor, (text) => isId('whk', text)),
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return { data: page.map(view), nextCursor: found.length > limit && last ? encodeCursor(last.id) : null };
  }

  /**
   * Reads the kept body again and applies it, in one transaction. What it says of an attempt that has moved on is
   * answered by the state machine, so that doing it twice changes nothing.
   */
  replay(id: string, reach: Reach, by: Administrator, now: Date): Promise<WebhookResponse | ReplayRefusal> {
    return this.database.transaction(async (tx) => {
      const locked = isId('whk', id) ? await this.store.lock(tx, id, reach) : null;
      if (!locked) return 'not-found';
      const { bodySealed, eventType } = locked;
      if (!bodySealed) return isFaceAuthentication(eventType) ? 'body-purged' : 'body-not-stored';
      const body = this.open(id, bodySealed);
      if (!body) return 'body-unreadable';
      const read = readWebhook(body, eventType, this.settings.identificationFallback);
      await this.store.setBack(tx, id, read);
      if (read.state !== 'ignored') await this.results.applyAgain(tx, id, locked);
      const after = await this.store.find(id, tx);
      if (!after) throw new Error(`webhook ${id} is gone`);
      const facts = { webhookId: id, digest: after.digest.toString('hex'), attemptId: after.attemptId };
      const states = { stateBefore: locked.state, state: after.state, verdict: after.verdict };
      await this.journal.record(tx, 'webhook.replayed', { ...facts, ...states }, by, now);
      tx.afterCommit(() => this.logger.log(`webhook ${id} was replayed by ${by.actor.id}: ${after.state}`));
      return view(after);
    });
  }

  private open(id: string, bodySealed: NonNullable<SealedBody['bodySealed']>): Buffer | null {
    try {
      return this.bodies.bodyOf({ id, bodySealed });
    } catch (error) {
      this.logger.error(`webhook ${id} cannot be replayed: ${error instanceof Error ? error.message : 'unknown'}`);
      return null;
    }
  }
}

function view({ digest, receivedAt, appliedAt, hasBody, ...row }: WebhookRow): WebhookResponse {
  return {
    ...row,
    digest: digest.toString('hex'),
    bodyPurged: !hasBody,
    receivedAt: receivedAt.toISOString(),
    appliedAt: appliedAt?.toISOString() ?? null,
  };
}
