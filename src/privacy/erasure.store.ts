import { Inject, Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database/database.js';
import type { KeptName } from './kept.js';

/** A key whose sessions are all over for long enough. */
export interface OldKey {
  id: string;
  scanRef: string;
}

/** Neither open nor ended since then, and nobody holds the subject. */
const isOver = `not exists (select from sessions where subject_key_id = subject_keys.id
                              and (ended_at is null or ended_at >= $1))
            and not exists (select from legal_holds where legal_holds.scan_ref = subject_keys.scan_ref)`;

/** Whose sessions and keys there are to erase. What the features keep beside is theirs to remove. */
@Injectable()
export class ErasureStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  async hasSession(tx: Transaction, scanRef: string): Promise<boolean> {
    const { count } = await tx.query('select from sessions where scan_ref = $1 limit 1', [scanRef]);
    return count > 0;
  }

  /**
   * Locks the sessions of a subject, so that nothing is written to them before the transaction ends.
   * @param onlyKey of this key; null: all of the subject's
   * @returns their ids
   */
  async lockSessions(tx: Transaction, scanRef: string, onlyKey: string | null): Promise<string[]> {
    const { rows } = await tx.query<{ id: string }>(
      `select id from sessions where scan_ref = $1 and ($2::text is null or subject_key_id = $2) order by id for update`,
      [scanRef, onlyKey],
    );
    return rows.map(({ id }) => id);
  }

  /** The sessions by platform. Without sessions: one empty list, of no platform. */
  async byPlatform(tx: Transaction, sessionIds: readonly string[]): Promise<[string | null, string[]][]> {
    const { rows } = await tx.query<{ platform: string; ids: string[] }>(
      `select platform, array_agg(id order by id) as ids from sessions
        where id = any ($1) group by platform order by platform`,
      [[...sessionIds]],
    );
    return rows.length === 0 ? [[null, []]] : rows.map(({ platform, ids }) => [platform, ids]);
  }

  /** Whether the journal has the erasure of the subject at that time, or its repetition. */
  async hasErasure(tx: Transaction, scanRef: string, at: Date): Promise<boolean> {
    const { count } = await tx.query(
      `select from events
        where type = 'subject.erased' and data->>'scanRef' = $1 and (at = $2 or data->>'again' = $3) limit 1`,
      [scanRef, at, at.toISOString()],
    );
    return count > 0;
  }

  async hasSessionSince(tx: Transaction, scanRef: string, time: Date): Promise<boolean> {
    const { count } = await tx.query('select from sessions where scan_ref = $1 and created_at > $2 limit 1', [
      scanRef,
      time,
    ]);
    return count > 0;
  }

  /** How many events have personal data that these keys had sealed. */
  async countEvents(tx: Transaction, keyIds: readonly string[], sessionIds: readonly string[]): Promise<number> {
    const { rows } = await tx.query<{ n: number }>(
      `select count(*)::int as n from events
        where session_id = any ($2) and subject_key_id = any ($1) and personal_sealed is not null`,
      [[...keyIds], [...sessionIds]],
    );
    return rows[0]?.n ?? 0;
  }

  /** Deletes personal data of events that no subject's key seals, because the events are older than those keys. */
  async eraseKeyless(tx: Transaction, sessionIds: readonly string[]): Promise<number> {
    const { rows } = await tx.query<{ n: number }>('select erase_personal_data_without_key($1) as n', [
      [...sessionIds],
    ]);
    return rows[0]?.n ?? 0;
  }

  /** How much an erasure of the subject leaves in each place. */
  async countKept(tx: Transaction, scanRef: string): Promise<Record<KeptName, number>> {
    const { rows } = await tx.query<Record<KeptName, number>>(
      `with theirs as (select id from sessions where scan_ref = $1),
            codes as (select id, secret_sealed, token_digest from attempts where scan_ref = $1)
       select (select count(*) from theirs)::int as sessions,
              (select count(*) from codes)::int as attempts,
              (select count(*) from codes where secret_sealed is not null)::int as secrets,
              (select count(*) from events where session_id in (select id from theirs))::int as events,
              (select count(*) from subject_keys where scan_ref = $1)::int as keys,
              (select count(*) from subjects where scan_ref = $1)::int as subject,
              (select count(*) from webhooks where attempt_id in (select id from codes))::int as webhooks,
              (select count(*) from webhooks where attempt_id is null and body_sealed is not null)::int as unnamed,
              (select count(*) from webhooks where body_sealed is not null and token_digest in (
                select token_digest from codes))::int as waiting,
              (select count(*) from orphans where attempt_id in (select id from codes))::int as orphans,
              (select count(*) from deliveries where session_id in (select id from theirs))::int as deliveries,
              (select count(*) from deliveries join delivery_attempts on delivery_id = deliveries.id
                where session_id is null and response_sealed is not null)::int as answers,
              (select count(*) from idempotency_keys
                where not exists (select from sessions where sessions.id = session_id))::int as refusals,
              (select count(*) from review_claims where session_id in (select id from theirs))::int
                + (select count(*) from review_approvals where session_id in (select id from theirs))::int as reviews,
              (select count(*) from legal_holds where scan_ref = $1)::int as holds`,
      [scanRef],
    );
    return rows[0]!;
  }

  /** Keys whose sessions have all ended before then, at most `limit`. */
  async oldKeys(endedBefore: Date, limit: number): Promise<OldKey[]> {
    const { rows } = await this.database.query<OldKey>(
      `select id, scan_ref as "scanRef" from subject_keys
        where destroyed_at is null and created_at < $1 and ${isOver} order by created_at limit $2`,
      [endedBefore, limit],
    );
    return rows;
  }

  /** Holds the key's row, and with it every session about to be made with it. @returns whether it is still old */
  async lockOldKey(tx: Transaction, id: string, endedBefore: Date): Promise<boolean> {
    await tx.query('select from subject_keys where id = $1 for update', [id]);
    const { count } = await tx.query(`select from subject_keys where id = $2 and destroyed_at is null and ${isOver}`, [
      endedBefore,
      id,
    ]);
    return count === 1;
  }

  /** Lets no new session be sealed with keys made before then, at most `limit`. @returns how many */
  async retireKeys(madeBefore: Date, limit: number, now: Date): Promise<number> {
    const { count } = await this.database.query(
      `update subject_keys set retired_at = $3
        where id in (select id from subject_keys
                      where created_at < $1 and retired_at is null order by created_at limit $2)`,
      [madeBefore, limit, now],
    );
    return count;
  }
}
