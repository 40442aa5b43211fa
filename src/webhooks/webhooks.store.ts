import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../core/ids.js';
import { Sealer } from '../core/sealing.js';
import { Database, type Transaction } from '../database/database.js';
import { sealedColumns } from '../database/sealed-columns.js';
import type { WebhookState } from './reading.js';

export interface ReceivedWebhook {
  /** SHA-256 of the bytes exactly as they arrived */
  digest: Buffer;
  /** the part of the body that may be stored; null: only its digest */
  body: Buffer | null;
  /** keyed digest of the scanRef that the stored body names */
  scanRefDigest: Buffer | null;
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
  hasToken: boolean;
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
                 received_at as "receivedAt", webhooks.token_digest is not null as "hasToken", attempts.id as "attemptId", attempts.session_id as "sessionId",
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
                             duplicates, scan_ref_digest)
       select * from unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::bytea[], $6::integer[], $7::text[],
                            $8::text[], $9::timestamptz[], $10::integer[], $11::bytea[])
       on conflict (digest) do update set duplicates = webhooks.duplicates + 1 + excluded.duplicates
       returning id, digest`,
      [
        rows.map(({ id }) => id),
        column(({ digest }) => digest),
        rows.map(
          ({ id, webhook }) => webhook.body && this.sealer.seal(webhook.body, sealedColumns.webhookBody.context(id)),
        ),
        column(({ eventType }) => eventType),
        column(({ tokenDigest }) => tokenDigest),
        column(({ keyIndex }) => keyIndex),
        column(({ state }) => state),
        column(({ error }) => error),
        column(({ receivedAt }) => receivedAt),
        rows.map(({ again }) => again),
        column(({ scanRefDigest }) => scanRefDigest),
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
    return this.sealer.open(bodySealed, sealedColumns.webhookBody.context(id));
  }

  async settle(
    tx: Transaction,
    id: string,
    as: {
      state: WebhookState;
      verdict: string | null;
      error: string | null;
      attemptId: string | null;
      at: Date;
      /** false: the body is no longer needed */
      keepsBody: boolean;
    },
  ): Promise<void> {
    await tx.query(
      `update webhooks
          set state = $2, verdict = $3, error = $4, attempt_id = $5, applied_at = $6,
              platform = (select platform from attempts where attempts.id = $5),
              body_sealed = case when $7 then body_sealed end,
              scan_ref_digest = case when $7 then scan_ref_digest end
        where id = $1`,
      [id, as.state, as.verdict, as.error, as.attemptId, as.at, as.keepsBody],
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
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const keyOf = (digest: Buffer): string => digest.toString('hex');
