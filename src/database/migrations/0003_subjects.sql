-- What is counted to hold people and callers back: failures of a subject, requests of a key or an address.

create table subjects (
  scan_ref text primary key,
  -- FAILED in a row, over all sessions of the scanRef; a pass begins anew
  consecutive_failures integer not null default 0 check (consecutive_failures >= 0),
  -- locks since the last pass or release; each lasts twice as long as the one before
  locks integer not null default 0 check (locks >= 0),
  locked_until timestamptz,
  -- the last ten as {status, at}, newest first
  last_outcomes jsonb not null default '[]',
  version integer not null default 1,
  updated_at timestamptz not null,
  check (locks > 0 or locked_until is null)
);

-- Leaky buckets that the processes share: `used` drains steadily from `counted_at` on. A crash may empty them, so they
-- need no WAL; a row holds a client's address for a minute after its last use, then the sweeper removes it.
create unlogged table request_budgets (
  bucket text primary key,
  used double precision not null,
  counted_at timestamptz not null
);
create index request_budgets_by_age on request_budgets (counted_at);
