-- What tells at start whether the configured keys are those that this database was written with.

create table key_canaries (
  key text primary key check (key in ('encryption', 'journal')),
  -- encryption: a known text, sealed with FACECODE_ENCRYPTION_KEY; journal: the public key (DER) of FACECODE_JOURNAL_KEY
  canary bytea not null
);
