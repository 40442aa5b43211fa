import { Inject, Injectable } from '@nestjs/common';
import type { ProblemCode, ProblemExtras } from '../core/errors.js';
import { Sealer } from '../core/sealing.js';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { sealedColumns } from '../database/sealed-columns.js';

/** The first answer to a request, as it is remembered. */
export type RememberedAnswer =
  { kind: 'answer'; status: number; body: unknown } | { kind: 'problem'; code: ProblemCode; extras: ProblemExtras };

export interface IdempotencyKey {
  platform: string;
  key: string;
  /** id of the API key that sent it; any key of the platform may send it */
  apiKeyId: string;
}

export type Claim =
  | { kind: 'first' }
  | { kind: 'mismatch' }
  | { kind: 'in-flight' }
  /** the process that took the first request died before it had answered; this request takes its place */
  | { kind: 'abandoned'; sessionId: string }
  | { kind: 'answered'; sessionId: string; answer: RememberedAnswer };

interface Row {
  api_key_id: string;
  request_digest: Buffer;
  session_id: string;
  answer_sealed: Buffer | null;
  leased_until: Date;
}

/** How long an answer is replayed. */
const keptHours = 24;

@Injectable()
export class IdempotencyStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Sealer) private readonly sealer: Sealer,
  ) {}

  /**
   * Claims the key in the transaction that creates the session. A parallel request with the same key waits here for
   * that transaction and then finds it.
   */
  async claim(
    tx: Transaction,
    key: IdempotencyKey,
    request: { digest: Buffer; sessionId: string; now: Date; leaseSeconds: number },
  ): Promise<Claim> {
    const { digest, sessionId, now } = request;
    const until = new Date(now.getTime() + request.leaseSeconds * 1000);
    const oldest = new Date(now.getTime() - keptHours * 3_600_000);
    await tx.query('delete from idempotency_keys where platform = $1 and key = $2 and created_at < $3', [
      key.platform,
      key.key,
      oldest,
    ]);
    const { count } = await tx.query(
      `insert into idempotency_keys (platform, key, api_key_id, request_digest, session_id, leased_until, created_at)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
      [key.platform, key.key, key.apiKeyId, digest, sessionId, until, now],
    );
    if (count === 1) return { kind: 'first' };
    return this.existing(tx, key, digest, now, until);
  }

  private async existing(tx: Transaction, key: IdempotencyKey, digest: Buffer, now: Date, until: Date): Promise<Claim> {
    const { rows } = await tx.query<Row>(
      `select api_key_id, request_digest, session_id, answer_sealed, leased_until from idempotency_keys
        where platform = $1 and key = $2 for update`,
      [key.platform, key.key],
    );
    const row = rows[0];
    if (!row) return { kind: 'in-flight' };
    if (!row.request_digest.equals(digest)) return { kind: 'mismatch' };
    const sessionId = row.session_id;
    if (row.answer_sealed) {
      const context = sealedColumns.rememberedAnswer.context(row.api_key_id, key.key);
      return { kind: 'answered', sessionId, answer: this.sealer.openJson(row.answer_sealed, context) };
    }
    if (row.leased_until > now) return { kind: 'in-flight' };
    await tx.query('update idempotency_keys set leased_until = $3 where platform = $1 and key = $2', [
      key.platform,
      key.key,
      until,
    ]);
    return { kind: 'abandoned', sessionId };
  }

  async remember(key: IdempotencyKey, answer: RememberedAnswer, database: Queryable = this.database): Promise<void> {
    await database.query(
      `update idempotency_keys set answer_sealed = $3, api_key_id = $4
         where platform = $1 and key = $2 and answer_sealed is null`,
      [
        key.platform,
        key.key,
        this.sealer.sealJson(answer, sealedColumns.rememberedAnswer.context(key.apiKeyId, key.key)),
        key.apiKeyId,
      ],
    );
  }

  /** Forgets the answers to the requests that made these sessions. @returns how many */
  async forget(tx: Transaction, sessionIds: readonly string[]): Promise<number> {
    const { count } = await tx.query('delete from idempotency_keys where session_id = any ($1)', [[...sessionIds]]);
    return count;
  }

  /** Forgets what is older than a day. */
  async purge(now: Date): Promise<void> {
    await this.database.query('delete from idempotency_keys where created_at < $1', [
      new Date(now.getTime() - keptHours * 3_600_000),
    ]);
  }
}
