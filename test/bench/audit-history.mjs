/** A made-up history of sessions, attempts and sealed events, written by SQL in a minute where playing it would take days. */
import { createHmac } from 'node:crypto';

export const rareAddress = '203.0.113.7';
/** FACECODE_ENCRYPTION_KEY of test-environment.ts. */
const encryptionKey = Buffer.alloc(32, 7);
const digestOf = (address) => createHmac('sha256', encryptionKey).update(`ip:${address}`).digest();

const rowsPerStatement = 100_000;

/** UUIDv7 in hex: the time, then bits that depend on the number alone. */
const idSql = (prefix, n) =>
  `'${prefix}_' || lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(${n}::text), 1, 19)`;

/** Two attempts for each session, one event for each attempt; `g` counts the attempts. */
const numbered = `select g, (g - 1) / 2 as s, (g - 1) % 2 + 1 as number,
    date_trunc('milliseconds', $3::timestamptz - $4::interval * (1 - g / $5::float8)) as at
  from generate_series($1::bigint, $2::bigint) as g`;

const sessionRows = `
  insert into sessions (id, status, scan_ref, channels, code_lifetime_seconds, max_attempts, retry_on, personal_sealed,
    subject_key_id, client_token_digest, created_by, seq, created_at, updated_at, expires_at, ended_at)
  select ${idSql('ses', 's')}, case when s % 10 < 6 then 'passed' when s % 10 < 9 then 'failed' else 'expired' end,
    'subject-' || s % 20000, '{code}', 1800, 3, '{}', '', 'sbk_bench', sha256(('t' || s)::bytea), 'key_bench', 2, at, at,
    at + interval '1 day', at
  from (${numbered}) as numbered where number = 1`;

const attemptRows = `
  insert into attempts (id, session_id, scan_ref, number, state, created_at, issued_at, revealed_at, ended_at, expires_at,
    outcome, signals, ip_digests)
  select ${idSql('att', 'g')}, session_id, 'subject-' || s % 20000, number, state, at, at, at,
    at + interval '20 seconds' + interval '1 second' * (g % 977 / 10.0), at + interval '30 minutes',
    case when state <> 'void' then jsonb_build_object('status', status, 'source', 'webhook', 'at', at,
      'failReason', case when status = 'FAILED' then reason end) end,
    case when g % 2000 = 1 then '{conflict}'::text[] when g % 50 = 1 then '{too-fast}' else '{}' end,
    case when g % 1000 = 3 then array[$6::bytea] else array[sha256(('ip' || g % 200000)::bytea)] end
  from (
    select numbered.*,
      (select id from sessions where client_token_digest = sha256(('t' || s)::bytea)) as session_id,
      case when g % 20 = 19 then 'void' when g % 20 < 12 then 'passed' else 'retry' end as state,
      case when g % 20 < 12 then 'SUCCESS' when g % 40 = 18 then 'EXPIRED' else 'FAILED' end as status,
      case when g % 3000 = 2013 then 'VIRTUAL_CAMERA' when g % 3 = 0 then 'EYES_CLOSED' else 'FACE_MISMATCH' end as reason
    from (${numbered}) as numbered
  ) as played`;

const eventRows = `
  insert into events (id, session_id, attempt_id, seq, position, type, at, actor, data)
  select ${idSql('evt', 'g')}, session_id, id, number, g,
    case when g % 10000 = 0 then 'subject.locked' else 'attempt.' || state end, at,
    '{"kind":"idenfy","id":"whk_bench"}', jsonb_build_object('number', number, 'outcome', outcome)
  from (${numbered}) as numbered
  join attempts using (number)
  where attempts.id = ${idSql('att', 'g')}`;

/** @param pool of a migrated, empty database */
export async function fillHistory(pool, { attempts, until, days }) {
  await pool.query(
    `insert into subject_keys (id, scan_ref, created_at, destroyed_at) values ('sbk_bench', 'bench', now(), now())`,
  );
  for (let first = 1; first <= attempts; first += rowsPerStatement) {
    const last = Math.min(attempts, first + rowsPerStatement - 1);
    const range = [first, last, until, `${days} days`, attempts];
    await pool.query(sessionRows, range);
    await pool.query(attemptRows, [...range, digestOf(rareAddress)]);
    await pool.query(eventRows, range);
  }
  await pool.query('vacuum analyze sessions, attempts, events');
}
