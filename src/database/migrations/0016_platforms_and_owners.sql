-- One deployment may serve several platforms. Keys say whose they are: which platform's, who holds them, which key made them.

alter table api_keys
  -- '*': all platforms
  add column platform text not null default 'main',
  add column owner text,
  -- id of the key; null: the bootstrap key, and keys made on the command line
  add column created_by text;
-- Nobody loses what a key could do before there were platforms.
update api_keys set platform = '*' where scopes && '{audit,review,admin}';

alter table sessions add column platform text not null default 'main';

alter table endpoints add column platform text not null default '*';
update endpoints set platform = api_keys.platform from api_keys where api_keys.id = endpoints.created_by;

-- The leaf of an event is the event as the API shows it. Events of version 1 were sealed without `platform`, so the API
-- shows them without it; the column still says which platform may read them.
alter table events add column platform text default 'main', add column version smallint not null default 1;
alter table events alter column platform drop default;
update events set platform = null where session_id is null;

drop trigger events_do_not_change on events;
create trigger events_do_not_change
  before update of id, row_number, session_id, attempt_id, seq, type, at, actor, data, personal_sealed, personal_digest,
    subject_key_id, platform, version on events
  for each row execute function refuse_journal_change();
