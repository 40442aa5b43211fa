-- A start compares the configured keys with these, so that no process writes with keys that are not the database's.

create table key_canaries (
  key text primary key check (key in ('encryption', 'journal')),
  -- encryption: a known text, sealed with FACECODE_ENCRYPTION_KEY; journal: the public key (DER) of FACECODE_JOURNAL_KEY
  canary bytea not null
);
