-- Webhooks to consumers: where they go, what is to be sent to whom, each try, and how far the journal has been read.

create table endpoints (
  id text primary key,
  url text not null,
  -- null: all of them
  event_types text[],
  description text not null default '',
  -- [{ secret, until }], newest first, sealed; null once the endpoint is deleted
  secrets_sealed bytea,
  created_by text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  disabled_at timestamptz,
  disabled_reason text check (disabled_reason in ('by-request', 'gone', 'failing')),
  deleted_at timestamptz,
  -- it gets the events behind this position of the journal
  from_position bigint not null,
  -- the first failure since the last success, and when its owner was told of it
  failing_since timestamptz,
  noticed_at timestamptz,
  -- in a row, without an answer or with a server's error; enough of them are an outage
  failures integer not null default 0,
  -- how often in a row it was held back, and until when it is
  holds integer not null default 0,
  held_until timestamptz,
  -- deliveries a second while it recovers; null: unhindered
  pace integer,
  -- what is still to be read again for it: events of those positions that are not older than that
  recover_after bigint,
  recover_until bigint,
  recover_since timestamptz,
  check ((disabled_at is null) = (disabled_reason is null)),
  check ((deleted_at is null) = (secrets_sealed is not null)),
  check ((recover_after is null) = (recover_until is null))
);
create index endpoints_recovering on endpoints (id) where recover_after is not null;

create table deliveries (
  id text primary key,
  endpoint_id text not null references endpoints (id),
  event_id text not null,
  event_type text not null,
  -- of the event in the journal; null for a test event, which is in none
  position bigint,
  session_id text,
  seq integer,
  -- a test event itself
  test_event jsonb,
  state text not null check (state in ('pending', 'delivered', 'failed', 'discarded')),
  -- all of them, and those since it was made or asked for again: the schedule goes by the latter
  tries integer not null default 0,
  step integer not null default 0,
  next_try_at timestamptz,
  -- until then the process that took it is trusted to be still at it
  leased_until timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  unique (endpoint_id, event_id),
  check ((state = 'pending') = (next_try_at is not null)),
  check ((state = 'pending') = (ended_at is null)),
  check ((position is null) = (test_event is not null))
);
create index deliveries_due on deliveries (endpoint_id, next_try_at, position) where state = 'pending';
create index deliveries_untried on deliveries (endpoint_id, session_id, seq) where state = 'pending' and tries = 0;
create index deliveries_by_endpoint on deliveries (endpoint_id, id desc);
create index deliveries_by_session on deliveries (session_id, id) where session_id is not null;

-- One row for each try; nothing of it changes but that the answer may be erased.
create table delivery_attempts (
  id bigint primary key generated always as identity,
  delivery_id text not null references deliveries (id),
  at timestamptz not null,
  duration_ms integer not null,
  -- of the HTTP answer; null: there was none
  status integer,
  error text,
  -- the first 4 KB of the answer, sealed
  response_sealed bytea
);
create index delivery_attempts_by_delivery on delivery_attempts (delivery_id, id);

-- The position up to which the journal was read: one row.
create table delivery_cursor (
  id boolean primary key default true check (id),
  position bigint not null
);
insert into delivery_cursor (position) values (0);
