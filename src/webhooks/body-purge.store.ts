/** Deletes bodies of received webhooks: old ones, and those of erased subjects. The row and the digest stay. */
import { Inject, Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../database/database.js';

/** A body that may name a subject, but that no index finds. */
export interface UnindexedBody {
  id: string;
  bodySealed: Buffer;
}

/** `error` may quote the body. */
const withoutBody = `set body_sealed = null, scan_ref_digest = null, error = null`;

/**
 * Purges webhooks that belong to no attempt. A webhook that was not applied yet becomes `unmatched`. If an attempt has
 * its token, it is applied first, and its body is deleted afterwards.
 */
const ofNoAttempt = {
  change: `${withoutBody}, state = case when state = 'new' then 'unmatched' else state end`,
  condition: `attempt_id is null
          and (state <> 'new' or token_digest is null
               or not exists (select from attempts where attempts.token_digest = webhooks.token_digest))`,
} as const;

/** Webhooks of the subject's attempts, and those that name one of its scanRefs. */
const ofSubject = `(attempt_id in (select id from attempts where scan_ref = $1) or scan_ref_digest = any ($2))`;

@Injectable()
export class BodyPurgeStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /**
   * Deletes at most `limit` bodies of webhooks received before that time. Keeps the bodies of webhooks that still wait
   * to be applied, and of subjects under a legal hold.
   * @returns the number of deleted bodies
   */
  async purgeOld(before: Date, limit: number): Promise<number> {
    const { count } = await this.database.query(
      `update webhooks set body_sealed = null, scan_ref_digest = null
        where id in (select id from webhooks
                      where body_sealed is not null and received_at < $1 and state <> 'new'
                        and not exists (select from attempts join legal_holds using (scan_ref)
                                         where attempts.id = webhooks.attempt_id)
                      order by received_at limit $2 for update skip locked)`,
      [before, limit],
    );
    return count;
  }

  /** Deletes at most `limit` bodies of subjects whose key is destroyed. @returns the number of deleted bodies */
  async purgeErased(limit: number): Promise<number> {
    const { count } = await this.database.query(
      `update webhooks ${withoutBody}
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

  /**
   * The subject's own scanRef, and the scanRefs of identifications that its sessions requested. Webhooks may name any.
   */
  async scanRefsOf(tx: Transaction, scanRef: string): Promise<string[]> {
    const { rows } = await tx.query<{ scanRef: string }>(
      `select distinct identification_scan_ref as "scanRef" from sessions
        where scan_ref = $1 and identification_scan_ref is not null`,
      [scanRef],
    );
    return [...new Set([scanRef, ...rows.map((row) => row.scanRef)])];
  }

  /** Locks every webhook that an erasure of the subject may change, in the order of their keys. */
  async lock(tx: Transaction, scanRef: string, digests: readonly Buffer[]): Promise<void> {
    await tx.query(
      `select from webhooks where id in (select id from webhooks where ${ofSubject}) order by id for update`,
      [scanRef, [...digests]],
    );
  }

  /** Deletes the bodies of these sessions' webhooks, unless they still wait to be applied. */
  async purgeOfSessions(tx: Transaction, sessionIds: readonly string[]): Promise<number> {
    const { count } = await tx.query(
      `update webhooks ${withoutBody}
        where (body_sealed is not null or error is not null) and state <> 'new'
          and attempt_id in (select id from attempts where session_id = any ($1))`,
      [[...sessionIds]],
    );
    return count;
  }

  /** Deletes the bodies of webhooks that belong to no attempt and name one of these scanRefs. */
  async purgeNaming(tx: Transaction, digests: readonly Buffer[]): Promise<number> {
    const { count } = await tx.query(
      `update webhooks ${ofNoAttempt.change} where scan_ref_digest = any ($1) and ${ofNoAttempt.condition}`,
      [[...digests]],
    );
    return count;
  }

  /** Deletes the bodies of those of these webhooks that belong to no attempt. */
  async purge(tx: Transaction, ids: readonly string[]): Promise<number> {
    const { count } = await tx.query(
      `update webhooks ${ofNoAttempt.change} where id = any ($1) and ${ofNoAttempt.condition}`,
      [[...ids]],
    );
    return count;
  }

  /** The next bodies, in the order of their ids, that belong to no attempt and whose scanRef has no digest. */
  async unindexed(tx: Transaction, afterId: string, limit: number): Promise<UnindexedBody[]> {
    const { rows } = await tx.query<UnindexedBody>(
      `select id, body_sealed as "bodySealed" from webhooks
        where scan_ref_digest is null and attempt_id is null and body_sealed is not null and id > $1
        order by id limit $2`,
      [afterId, limit],
    );
    return rows;
  }
}
