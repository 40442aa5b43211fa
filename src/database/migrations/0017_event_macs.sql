-- Every event carries a MAC of the service, and sealing stops when the journal is not what the service has written.

alter table events
  -- HMAC-SHA-256 over the event without its position; null: recorded before there were MACs
  add column mac bytea,
  -- its MAC was wrong when an operator accepted the journal: it never gets a position
  add column set_aside boolean not null default false;

-- An event that was set aside does not keep its seq from the event that has it by right.
alter table events drop constraint events_session_id_seq_key;
create unique index events_by_session on events (session_id, seq, (case when set_aside then id else '' end));

create trigger events_keep_their_mac before update of mac on events
  for each row when (old.mac is not null) execute function refuse_journal_change();
create trigger events_stay_set_aside before update of set_aside on events
  for each row when (old.set_aside or old.position is not null) execute function refuse_journal_change();

create table journal_state (
  one boolean primary key default true check (one),
  -- made with the key of the MACs when the first process with MACs started; null: events without a MAC are still to get theirs
  macs_began bytea,
  -- { reason, position, detail }: why nothing is sealed until an operator accepts the journal; null: nothing is wrong
  stopped jsonb,
  stopped_at timestamptz,
  check ((stopped is null) = (stopped_at is null))
);
insert into journal_state default values;

-- `facecode journal accept`, run by the owner of the tables, replaces a tree that was tampered with. Nothing else may.
create function refuse_unless_accepting() returns trigger language plpgsql as $$
begin
  if current_setting('facecode.accepting', true) = 'on'
    and pg_has_role((select relowner from pg_class where oid = tg_relid), 'member')
  then
    if tg_op = 'DELETE' then return old; else return new; end if;
  end if;
  raise exception 'the journal is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'restrict_violation';
end
$$;

drop trigger checkpoints_are_kept on checkpoints;
create trigger checkpoints_are_kept before update or delete on checkpoints
  for each row execute function refuse_unless_accepting();
drop trigger journal_nodes_only_grow on journal_nodes;
create trigger journal_nodes_only_grow before update on journal_nodes for each row
  when (old.level <> new.level or old.tile <> new.tile
    or substring(new.hashes from 1 for octet_length(old.hashes)) <> old.hashes)
  execute function refuse_unless_accepting();
drop trigger journal_nodes_are_kept on journal_nodes;
create trigger journal_nodes_are_kept before delete on journal_nodes
  for each row execute function refuse_unless_accepting();
