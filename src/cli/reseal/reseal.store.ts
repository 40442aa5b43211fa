/** Sealed values and keyed digests, read and replaced in batches. Rows are locked in the order of their primary keys. */
import type { Database, Transaction } from '../../database/database.js';
import type { SealedColumn } from '../../database/sealed-columns.js';

/** The first bytes of a sealed value: its layout and the id of its key. */
const header = (column: string): string => `substring(${column} from 1 for 5)`;

export interface SealedRow {
  key: string[];
  /** what the value is bound to */
  bound: string[];
  sealed: Buffer;
}

/** The values that the digests of a session were made from. */
export interface DigestedSession {
  id: string;
  scanRef: string;
  personalSealed: Buffer;
  subjectKeyId: string | null;
  keySealed: Buffer | null;
  referenceDigest: Buffer | null;
  initiatorIpDigest: Buffer | null;
  initiatorBlockDigest: Buffer | null;
}

export interface DigestedAttempt {
  id: string;
  sessionId: string;
  ipDigests: Buffer[];
}

export interface PersonalEvent {
  id: string;
  sessionId: string;
  personalSealed: Buffer;
  subjectKeyId: string | null;
}

export interface NamedBody {
  id: string;
  bodySealed: Buffer;
  scanRefDigest: Buffer | null;
}

export class ResealStore {
  constructor(private readonly database: Database) {}

  /** The next values that are not sealed as new ones are. Locks their rows. @param after null: from the start */
  async next(
    tx: Transaction,
    { table, column, primaryKey, boundTo, byService }: SealedColumn,
    current: Buffer,
    after: readonly string[] | null,
    limit: number,
  ): Promise<SealedRow[]> {
    const place =
      after === null ? '' : `and (${primaryKey.join(', ')}) > (${primaryKey.map((_, at) => `$${at + 3}`).join(', ')})`;
    const { rows } = await tx.query<SealedRow>(
      `select ${textsOf(primaryKey)} as key, ${textsOf(boundTo)} as bound, ${column} as sealed from ${table}
        where octet_length(${column}) > 0 and ${byService} and ${header(column)} <> $1 ${place}
        order by ${primaryKey.join(', ')} limit $2 for update`,
      [current, limit, ...(after ?? [])],
    );
    return rows;
  }

  /** Replaces values of rows that are locked. */
  async replace(
    tx: Transaction,
    { table, column, primaryKey, keyType = 'text' }: SealedColumn,
    rows: readonly (SealedRow & { resealed: Buffer })[],
  ): Promise<void> {
    const names = primaryKey.map((_, at) => `key_${at}`);
    await tx.query(
      `update ${table} set ${column} = given.resealed
         from unnest($1::bytea[], $2::bytea[], ${primaryKey.map((_, at) => `$${at + 3}::${keyType}[]`).join(', ')})
           as given (resealed, former, ${names.join(', ')})
        where ${primaryKey.map((name, at) => `${table}.${name} = given.${names[at]}`).join(' and ')}
          and ${table}.${column} = given.former`,
      [
        rows.map(({ resealed }) => resealed),
        rows.map(({ sealed }) => sealed),
        ...primaryKey.map((_, at) => rows.map(({ key }) => key[at])),
      ],
    );
  }

  /** How many values are not sealed as new ones are. */
  async countOthers({ table, column, byService, fixed }: SealedColumn, current: Buffer): Promise<number> {
    // Events cannot be sealed again. They count only if another key sealed them, not if their layout is older.
    const compared = fixed
      ? `substring(${column} from 2 for 4) <> substring($1::bytea from 2 for 4)`
      : `${header(column)} <> $1`;
    const { rows } = await this.database.query<{ count: number }>(
      `select count(*)::int as count from ${table} where octet_length(${column}) > 0 and ${byService} and ${compared}`,
      [current],
    );
    return rows[0]?.count ?? 0;
  }

  /** The next sessions that have a digest, or whose attempts have one. Locks them. */
  async nextSessions(tx: Transaction, after: string, limit: number): Promise<DigestedSession[]> {
    const { rows } = await tx.query<DigestedSession>(
      `select sessions.id, sessions.scan_ref as "scanRef", personal_sealed as "personalSealed",
              subject_key_id as "subjectKeyId", key_sealed as "keySealed", reference_digest as "referenceDigest",
              initiator_ip_digest as "initiatorIpDigest", initiator_block_digest as "initiatorBlockDigest"
         from sessions left join subject_keys on subject_keys.id = subject_key_id
        where sessions.id > $1
          and (reference_digest is not null or initiator_ip_digest is not null or initiator_block_digest is not null
               or exists (select from attempts where session_id = sessions.id and ip_digests <> '{}'))
        order by sessions.id limit $2 for update of sessions`,
      [after, limit],
    );
    return rows;
  }

  async digestedAttempts(tx: Transaction, sessionIds: readonly string[]): Promise<DigestedAttempt[]> {
    const { rows } = await tx.query<DigestedAttempt>(
      `select id, session_id as "sessionId", ip_digests as "ipDigests" from attempts
        where session_id = any ($1) and ip_digests <> '{}' order by id`,
      [[...sessionIds]],
    );
    return rows;
  }

  async personalEvents(tx: Transaction, sessionIds: readonly string[]): Promise<PersonalEvent[]> {
    const { rows } = await tx.query<PersonalEvent>(
      `select id, session_id as "sessionId", personal_sealed as "personalSealed", subject_key_id as "subjectKeyId"
         from events where session_id = any ($1) and attempt_id is not null and personal_sealed is not null`,
      [[...sessionIds]],
    );
    return rows;
  }

  async setSessionDigests(tx: Transaction, session: DigestedSession): Promise<void> {
    await tx.query(
      `update sessions set reference_digest = $2, initiator_ip_digest = $3, initiator_block_digest = $4 where id = $1`,
      [session.id, session.referenceDigest, session.initiatorIpDigest, session.initiatorBlockDigest],
    );
  }

  async setAttemptDigests(tx: Transaction, { id, ipDigests }: DigestedAttempt): Promise<void> {
    await tx.query('update attempts set ip_digests = $2::bytea[] where id = $1', [id, ipDigests]);
  }

  /** The next stored bodies of webhooks that belong to no attempt. Locks them. */
  async nextBodies(tx: Transaction, after: string, limit: number): Promise<NamedBody[]> {
    const { rows } = await tx.query<NamedBody>(
      `select id, body_sealed as "bodySealed", scan_ref_digest as "scanRefDigest" from webhooks
        where attempt_id is null and body_sealed is not null and id > $1 order by id limit $2 for update`,
      [after, limit],
    );
    return rows;
  }

  async setScanRefDigest(tx: Transaction, id: string, digest: Buffer): Promise<void> {
    await tx.query('update webhooks set scan_ref_digest = $2 where id = $1', [id, digest]);
  }
}

const textsOf = (columns: readonly string[]): string => `array[${columns.map((name) => `${name}::text`).join(', ')}]`;
