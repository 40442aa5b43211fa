-- The journal as a Merkle tree (RFC 6962), so that what was sealed can be proven and cannot be changed unseen.

-- Tiles of 256 hashes: level 0 has the leaves, level n + 1 the roots of the full tiles of level n.
create table journal_nodes (
  level integer not null,
  tile bigint not null,
  hashes bytea not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
  primary key (level, tile)
);
-- hashes do not compress
alter table journal_nodes alter column hashes set storage external;

-- What was signed, one for each sealing.
create table checkpoints (
  size bigint primary key,
  root bytea not null,
  -- signed note (C2SP)
  note text not null,
  sealed_at timestamptz not null
);

-- Whoever may write here, and be it the owner, has to take these triggers away first.
create function refuse_journal_change() returns trigger language plpgsql as $$
begin
  raise exception 'the journal is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'restrict_violation';
end
$$;

create trigger events_are_kept before delete on events for each row execute function refuse_journal_change();
create trigger events_are_not_emptied before truncate on events for each statement execute function refuse_journal_change();
create trigger events_do_not_change
  before update of id, row_number, session_id, attempt_id, seq, type, at, actor, data, personal_sealed, personal_digest,
    subject_key_id on events
  for each row execute function refuse_journal_change();
create trigger events_keep_their_position before update of position on events
  for each row when (old.position is not null) execute function refuse_journal_change();

create trigger checkpoints_are_kept before update or delete on checkpoints
  for each row execute function refuse_journal_change();
create trigger checkpoints_are_not_emptied before truncate on checkpoints
  for each statement execute function refuse_journal_change();

-- The last tile of a level grows until it is full; what it has stays.
create trigger journal_nodes_only_grow before update on journal_nodes for each row
  when (old.level <> new.level or old.tile <> new.tile
    or substring(new.hashes from 1 for octet_length(old.hashes)) <> old.hashes)
  execute function refuse_journal_change();
create trigger journal_nodes_are_kept before delete on journal_nodes
  for each row execute function refuse_journal_change();
create trigger journal_nodes_are_not_emptied before truncate on journal_nodes
  for each statement execute function refuse_journal_change();
