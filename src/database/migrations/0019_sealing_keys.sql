-- Which of FACECODE_ENCRYPTION_KEY may have sealed values of this database. A start needs all of them; the command
-- `facecode keys reseal` removes those that seal nothing any more.

create table sealing_keys (
  -- as the sealed values name it: 4 bytes
  id bytea primary key,
  since timestamptz not null default now()
);
