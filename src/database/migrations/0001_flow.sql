-- The flow from request to verdict: sessions, attempts, received webhooks, the journal, keys.
-- Times are timestamptz; sealed columns are AES-256-GCM (src/core/sealing.ts); digests are SHA-256.

create table sessions (
  id text primary key,
  status text not null check (status in ('pending', 'active', 'in-review', 'passed', 'failed', 'expired', 'canceled',
    'identification-required', 'rejected')),
  reason text,
  scan_ref text not null,
  locale text,
  channels text[] not null,
  code_lifetime_seconds integer not null,
  max_attempts integer not null,
  retry_on text[] not null,
  -- reference, metadata and initiator: personal data, sealed
  personal_sealed bytea not null,
  -- keyed digest of the reference, so that a list can be filtered by it without opening every row
  reference_digest bytea,
  -- iDenfy said AUTHENTICATION for the scanRef; asked once a session
  eligible boolean not null default false,
  client_token_digest bytea not null unique,
  created_by text not null,
  -- number of journal events so far; the next event has seq + 1
  seq integer not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  -- end of the session's lifetime: after it no new code is issued
  expires_at timestamptz not null,
  ended_at timestamptz
);
create index sessions_by_scan_ref on sessions (scan_ref, id desc);
create index sessions_by_status on sessions (status, id desc);
create index sessions_by_reference on sessions (reference_digest, id desc) where reference_digest is not null;
create index sessions_by_created on sessions (created_at, id);
create index sessions_open_by_end on sessions (expires_at) where status in ('pending', 'active');

create table attempts (
  id text primary key,
  session_id text not null references sessions (id),
  number integer not null check (number >= 1),
  state text not null check (state in ('requested', 'issued', 'awaiting-selfie', 'passed', 'retry', 'void')),
  reason text,
  version integer not null default 1,
  -- digest of the provider's token; stays when the sealed token is wiped, so that a late result finds its attempt
  token_digest bytea unique,
  -- { token, code }, sealed while the attempt is alive, null afterwards
  secret_sealed bytea,
  code_hint text,
  -- failed tries to have a code issued, and when the next one is due
  issue_tries integer not null default 0,
  next_try_at timestamptz,
  created_at timestamptz not null,
  issued_at timestamptz,
  revealed_at timestamptz,
  expires_at timestamptz,
  -- expires_at plus grace: when we stop waiting for the provider's word
  deadline_at timestamptz,
  ended_at timestamptz,
  outcome jsonb,
  signals text[] not null default '{}',
  unique (session_id, number),
  check ((state in ('passed', 'retry', 'void')) = (ended_at is not null)),
  check (ended_at is null or secret_sealed is null)
);
create unique index attempts_one_live on attempts (session_id) where state in ('requested', 'issued', 'awaiting-selfie');
create index attempts_due_for_issuing on attempts (next_try_at) where state = 'requested';
create index attempts_due_for_deadline on attempts (deadline_at) where state in ('issued', 'awaiting-selfie');

create table webhooks (
  id text primary key,
  -- of the bytes exactly as they arrived
  digest bytea not null unique,
  -- the body without the photo's address, sealed
  body_sealed bytea not null,
  event_type text,
  token_digest bytea,
  -- which of IDENFY_WEBHOOK_KEYS had signed, counted from 0
  key_index integer not null,
  state text not null check (state in ('new', 'applied', 'unmatched', 'ignored', 'quarantined')),
  -- what applying it came to: moved, replayed or the reason of a refusal
  verdict text,
  error text,
  attempt_id text references attempts (id),
  duplicates integer not null default 0,
  received_at timestamptz not null,
  applied_at timestamptz
);
create index webhooks_new on webhooks (received_at) where state = 'new';
create index webhooks_unmatched on webhooks (token_digest) where state = 'unmatched';

create table events (
  id text primary key,
  -- order of insertion: within a session the same as seq, because its writers take turns on the session's row
  row_number bigint generated always as identity,
  session_id text not null references sessions (id),
  attempt_id text references attempts (id),
  seq integer not null check (seq >= 1),
  -- given by the sealer, dense over the whole journal
  position bigint unique,
  type text not null,
  at timestamptz not null,
  actor jsonb not null,
  data jsonb not null,
  personal_sealed bytea,
  personal_digest text,
  unique (session_id, seq)
);
create index events_unsealed on events (row_number) where position is null;
create index events_by_type on events (type, position);

create table api_keys (
  id text primary key,
  name text not null,
  scopes text[] not null,
  digest bytea not null unique,
  -- the last four characters, to tell keys apart
  hint text not null,
  bootstrap boolean not null default false,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz
);
create unique index api_keys_one_bootstrap on api_keys (bootstrap) where bootstrap and revoked_at is null;

create table idempotency_keys (
  api_key_id text not null,
  key text not null,
  request_digest bytea not null,
  session_id text not null,
  -- null while the first request is being answered
  status integer,
  answer_sealed bytea,
  -- until then the process that took the request is trusted to be still working on it
  leased_until timestamptz not null,
  created_at timestamptz not null,
  primary key (api_key_id, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);
