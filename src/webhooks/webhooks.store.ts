import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../core/ids.js';
import { Sealer } from '../core/sealing.js';
import { Database, type Transaction } from '../database/database.js';
import type { WebhookState } from './reading.js';

export interface ReceivedWebhook {
  /** SHA-256 of the bytes exactly as they arrived */
  digest: Buffer;
  /** the body without the photo's address */
  body: Buffer;
  eventType: string | null;
  tokenDigest: Buffer | null;
  keyIndex: number;
  state: WebhookState;
  error: string | null;
  receivedAt: Date;
}

export interface KeptWebhook {
  id: string;
  /** false: its digest was stored before, or occurs twice in the batch */
  fresh: boolean;
}

/** A webhook that was claimed to be applied. */
export interface ClaimedWebhook {
  id: string;
  digest: Buffer;
  bodySealed: Buffer;
  eventType: string | null;
  state: WebhookState;
  receivedAt: Date;
  /** the attempt that its token belongs to; null if the token is unknown */
  attemptId: string | null;
  sessionId: string | null;
  /** of that attempt */
  scanRef: string | null;
}

/** Selects webhooks that wait to be applied: they are new, or their token has become known. */
const waiting = `(webhooks.state = 'new' or (webhooks.state = 'unmatched' and attempts.id is not null))
                 and body_sealed is not null`;

const claimed = `webhooks.id, digest, body_sealed as "bodySealed", event_type as "eventType", webhooks.state,
                 received_at as "receivedAt", attempts.id as "attemptId", attempts.session_id as "sessionId",
                 attempts.scan_ref as "scanRef"
            from webhooks left join attempts on attempts.token_digest = webhooks.token_digest`;

@Injectable()
export class WebhooksStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  /**
   * Stores all of them with one statement. The unique digest finds duplicates.
   * @returns one result for each, in the same order
   */
  async keep(tx: Transaction, webhooks: readonly ReceivedWebhook[]): Promise<KeptWebhook[]> {
    const first = new Map<string, { id: string; webhook: ReceivedWebhook; again: number }>();
    for (const webhook of webhooks) {
      const same = first.get(keyOf(webhook.digest));
      if (same) same.again += 1;
      else first.set(keyOf(webhook.digest), { id: newId('whk'), webhook, again: 0 });
    }
    // Sorted, so that two processes with the same webhooks never wait for each other.
    const rows = [...first].sort(([a], [b]) => compare(a, b)).map(([, row]) => row);
    const column = <T>(of: (webhook: ReceivedWebhook) => T): T[] => rows.map(({ webhook }) => of(webhook));
    const { rows: kept } = await tx.query<{ id: string; digest: Buffer }>(
      `insert into webhooks (id, digest, body_sealed, event_type, token_digest, key_index, state, error, received_at,
                             duplicates)
       select * from unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::bytea[], $6::integer[], $7::text[],
                            $8::text[], $9::timestamptz[], $10::integer[])
       on conflict (digest) do update set duplicates = webhooks.duplicates + 1 + excluded.duplicates
       returning id, digest`,
      [
        rows.map(({ id }) => id),
        column(({ digest }) => digest),
        rows.map(({ id, webhook }) => this.sealer.seal(webhook.body, context(id))),
        column(({ eventType }) => eventType),
        column(({ tokenDigest }) => tokenDigest),
        column(({ keyIndex }) => keyIndex),
        column(({ state }) => state),
        column(({ error }) => error),
        column(({ receivedAt }) => receivedAt),
        rows.map(({ again }) => again),
      ],
    );
    const idOf = new Map(kept.map(({ id, digest }) => [keyOf(digest), id]));
    return webhooks.map((webhook) => {
      const mine = first.get(keyOf(webhook.digest));
      const id = idOf.get(keyOf(webhook.digest)) ?? '';
      return { id, fresh: mine?.webhook === webhook && mine.id === id };
    });
  }

  /**
   * Claims webhooks to apply, oldest first: new ones, and unmatched ones whose token has become known. Skips webhooks
   * that another process has claimed.
   */
  async claim(tx: Transaction, limit: number): Promise<ClaimedWebhook[]> {
    const { rows } = await tx.query<ClaimedWebhook>(
      `select ${claimed} where ${waiting}
        order by received_at, webhooks.id limit $1 for update of webhooks skip locked`,
      [limit],
    );
    return rows;
  }

  /** Claims this webhook if it still waits and no other process has claimed it. */
  async claimIfWaiting(tx: Transaction, id: string): Promise<ClaimedWebhook | null> {
    const { rows } = await tx.query<ClaimedWebhook>(
      `select ${claimed} where webhooks.id = $1 and ${waiting} for update of webhooks skip locked`,
      [id],
    );
    return rows[0] ?? null;
  }

  /** The ids of the oldest webhooks that wait to be applied. Does not claim them. */
  async idsWaiting(limit: number): Promise<string[]> {
    const { rows } = await this.database.query<{ id: string }>(
      `select webhooks.id from webhooks left join attempts on attempts.token_digest = webhooks.token_digest
        where ${waiting} order by received_at, webhooks.id limit $1`,
      [limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Claims the webhook that this transaction has set back to `new`. */
  async claimOne(tx: Transaction, id: string): Promise<ClaimedWebhook> {
    const { rows } = await tx.query<ClaimedWebhook>(`select ${claimed} where webhooks.id = $1`, [id]);
    if (!rows[0]) throw new Error(`webhook ${id} is gone`);
    return rows[0];
  }

  /** @throws Error if the key that sealed it is no longer configured */
  bodyOf({ id, bodySealed }: Pick<ClaimedWebhook, 'id' | 'bodySealed'>): Buffer {
    return this.sealer.open(bodySealed, context(id));
  }

  async settle(
    tx: Transaction,
    id: string,
    as: { state: WebhookState; verdict: string | null; error: string | null; attemptId: string | null; at: Date },
  ): Promise<void> {
    await tx.query(
      `update webhooks set state = $2, verdict = $3, error = $4, attempt_id = $5, applied_at = $6,
              platform = (select platform from attempts where attempts.id = $5)
        where id = $1`,
      [id, as.state, as.verdict, as.error, as.attemptId, as.at],
    );
  }

  /** Whether a webhook received before that time still waits to be applied. */
  async hasOverdue(before: Date): Promise<boolean> {
    const { rows } = await this.database.query<{ found: boolean }>(
      `select exists (select from webhooks where state = 'new' and received_at <= $1)
           or exists (select from webhooks join attempts using (token_digest)
                       where webhooks.state = 'unmatched' and body_sealed is not null) as found`,
      [before],
    );
    return rows[0]?.found === true;
  }

  /**
   * Deletes at most `limit` bodies of webhooks received before that time. Keeps the bodies of webhooks that still wait
   * to be applied, and of subjects under a legal hold.
   * @returns the number of deleted bodies
   */
  async purgeBodies(before: Date, limit: number): Promise<number> {
    const { count } = await this.database.query(
      `update webhooks set body_sealed = null
        where id in (select id from webhooks
                      where body_sealed is not null and received_at < $1 and state <> 'new'
                        and not exists (select from attempts join legal_holds using (scan_ref)
                                         where attempts.id = webhooks.attempt_id)
                      order by received_at limit $2 for update skip locked)`,
      [before, limit],
    );
    return count;
  }

  /**
   * Deletes the bodies of these sessions' webhooks, unless they still wait to be applied.
   * @returns the number of deleted bodies
   */
  async purgeBodiesOf(tx: Transaction, sessionIds: readonly string[]): Promise<number> {
    const { count } = await tx.query(
      `update webhooks set body_sealed = null
        where body_sealed is not null and state <> 'new'
          and attempt_id in (select id from attempts where session_id = any ($1))`,
      [[...sessionIds]],
    );
    return count;
  }

  /** Deletes at most `limit` bodies of subjects whose key is destroyed. @returns the number of deleted bodies */
  async purgeErased(limit: number): Promise<number> {
    const { count } = await this.database.query(
      `update webhooks set body_sealed = null
        where id in (select webhooks.id from webhooks
                       join attempts on attempts.id = webhooks.attempt_id
                       join sessions on sessions.id = attempts.session_id
                       join subject_keys on subject_keys.id = subject_key_id
                      where body_sealed is not null and webhooks.state <> 'new' and destroyed_at is not null
                      limit $1)`,
      [limit],
    );
    return count;
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const keyOf = (digest: Buffer): string => digest.toString('hex');

const context = (id: string): string => `webhook-body:${id}`;
