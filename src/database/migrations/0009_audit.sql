-- Search for auditors. Lists are ordered by (created_at, id), newest first, so that a range of time and a page's end are
-- one range of one index; each filter has an index of its own in that order. Addresses are compared by keyed digests.

-- of the session: repeated here, so that a search by it is in order without its sessions
alter table attempts add column scan_ref text;
update attempts set scan_ref = sessions.scan_ref from sessions where sessions.id = session_id;
alter table attempts alter column scan_ref set not null;

-- keyed digests of the initiator's and the selfie's address; emptied when the subject is erased
alter table attempts add column ip_digests bytea[] not null default '{}';
-- that of the initiator, for the attempts to come; null again when the subject is erased
alter table sessions add column initiator_ip_digest bytea;

create index attempts_by_created on attempts (created_at desc, id desc);
create index attempts_by_state on attempts (state, created_at desc, id desc);
create index attempts_by_scan_ref on attempts (scan_ref, created_at desc, id desc);
create index attempts_by_outcome on attempts ((outcome->>'status'), created_at desc, id desc) where outcome is not null;
create index attempts_by_fail_reason on attempts ((outcome->>'failReason'), created_at desc, id desc)
  where outcome->>'failReason' is not null;
-- Arrays that are not empty, said in a way that the planner takes to leave nearly all rows (signals <> '{}' it would
-- multiply with the filter, and then take a frequent signal for a rare one).
create index attempts_by_signal on attempts using gin (signals) where array_length(signals, 1) is not null;
create index attempts_by_address on attempts using gin (ip_digests) where array_length(ip_digests, 1) is not null;

-- sessions_by_created, of the first migration, is in this order already
drop index sessions_by_scan_ref;
drop index sessions_by_status;
drop index sessions_by_reference;
create index sessions_by_scan_ref on sessions (scan_ref, created_at desc, id desc);
create index sessions_by_status on sessions (status, created_at desc, id desc);
create index sessions_by_reference on sessions (reference_digest, created_at desc, id desc)
  where reference_digest is not null;

-- evidence names the webhooks that were received for an attempt
create index webhooks_by_attempt on webhooks (attempt_id, id) where attempt_id is not null;
