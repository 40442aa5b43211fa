-- Erasure reaches every received webhook and every event.

-- Keyed digest of the scanRef that the body names: erasure finds the webhooks that belong to no attempt by it. Null: the
-- body names none, is gone, or is older than this column (erasure then opens it).
alter table webhooks add column scan_ref_digest bytea;
create index webhooks_by_scan_ref on webhooks (scan_ref_digest) where scan_ref_digest is not null;
create index webhooks_without_scan_ref on webhooks (id)
  where scan_ref_digest is null and attempt_id is null and body_sealed is not null;

-- What is not ours to read: other event types, and identifications that were applied or that nobody had asked for. They
-- hold names and numbers of documents. The digest stays.
update webhooks set body_sealed = null
 where body_sealed is not null and attempt_id is null
   and (state = 'applied' or (state = 'ignored' and upper(event_type) <> 'FACIAL_AUTHENTICATION'));

-- One change to an event is allowed: it loses personal data that no subject's key seals, as events have that are older
-- than those keys. Erasure could not reach that data otherwise. The leaf of the event holds only the digest of it.
create or replace function refuse_journal_change() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'events' and tg_op = 'UPDATE' then
    if new.personal_sealed is null and old.subject_key_id is null
      and to_jsonb(new) - 'personal_sealed' = to_jsonb(old) - 'personal_sealed' then
      return new;
    end if;
  end if;
  raise exception 'the journal is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'restrict_violation';
end
$$;

-- With the rights of the tables' owner, so that the service's role needs none to change events.
create function erase_personal_data_without_key(session_ids text[]) returns integer
language plpgsql security definer set search_path from current as $$
declare
  erased integer;
begin
  update events set personal_sealed = null
   where session_id = any (session_ids) and subject_key_id is null and personal_sealed is not null;
  get diagnostics erased = row_count;
  return erased;
end
$$;

-- Consumers may answer with personal data after an erasure, too.
create index subject_keys_destroyed on subject_keys (destroyed_at) where destroyed_at is not null;
