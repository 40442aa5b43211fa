-- Erasing a subject, keeping it from erasure, and forgetting what is old.

-- A key that is retired opens and seals no more for new sessions: so the sessions of one key end within a bounded time,
-- and the key can go when they are old, while the subject lives on with another.
alter table subject_keys add column retired_at timestamptz;
drop index subject_keys_one_live;
create unique index subject_keys_one_live on subject_keys (scan_ref) where destroyed_at is null and retired_at is null;
create index subject_keys_by_scan_ref on subject_keys (scan_ref);
create index subject_keys_by_age on subject_keys (created_at) where destroyed_at is null;

-- While a row is here nothing of the subject is erased, by anybody or by age.
create table legal_holds (
  scan_ref text primary key,
  -- { reason }, sealed with FACECODE_ENCRYPTION_KEY: not with the subject's own, which says nothing of others' business
  reason_sealed bytea not null,
  placed_by text not null,
  placed_at timestamptz not null
);
