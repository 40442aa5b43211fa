-- Which of FACECODE_ENCRYPTION_KEY may have sealed values of this database. A start needs all of them; the command
-- `facecode keys reseal` removes those that seal nothing any more.

create table sealing_keys (
  -- as the sealed values name it: 4 bytes
  id bytea primary key,
  since timestamptz not null default now()
);

-- Only the service's role may erase so (facecode grants). Temporary tables are looked for last, so that nobody can put one
-- of the same name before the journal's.
revoke execute on function erase_personal_data_without_key(text[]) from public;
do $$ begin
  execute format('alter function erase_personal_data_without_key(text[]) set search_path = %I, pg_temp', current_schema());
end $$;
