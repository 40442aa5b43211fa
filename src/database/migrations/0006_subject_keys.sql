-- Personal data is sealed with a key of its subject's own, so that destroying one key erases it wherever it lies.

create table subject_keys (
  id text primary key,
  scan_ref text not null,
  -- 32 bytes, sealed with FACECODE_ENCRYPTION_KEY; null once it is destroyed: what it had sealed is then gone for good
  key_sealed bytea,
  created_at timestamptz not null,
  destroyed_at timestamptz,
  check ((key_sealed is null) = (destroyed_at is not null))
);
create unique index subject_keys_one_live on subject_keys (scan_ref) where destroyed_at is null;

-- null: sealed with FACECODE_ENCRYPTION_KEY itself, as rows older than this are
alter table sessions add column subject_key_id text references subject_keys (id);
alter table events add column subject_key_id text references subject_keys (id);
create index sessions_by_subject_key on sessions (subject_key_id) where subject_key_id is not null;
