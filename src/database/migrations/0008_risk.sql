-- Signals and the review queue.

-- Keyed digest of the block (IPv6: /64) of the initiator's address: sessions from one place are counted without knowing
-- the place.
alter table sessions add column initiator_block_digest bytea;
create index sessions_by_initiator on sessions (initiator_block_digest, created_at)
  where initiator_block_digest is not null;
create index sessions_by_scan_ref_and_time on sessions (scan_ref, created_at);

-- When a pass was first held; stays when the session ends.
alter table sessions add column held_at timestamptz;
update sessions set held_at = updated_at where status = 'in-review';
alter table sessions add constraint sessions_in_review_since check (status <> 'in-review' or held_at is not null);
create index sessions_held on sessions (held_at, id) where status = 'in-review';

-- Who is at it; without effect after claimed_until, and once the session is no longer in review.
create table review_claims (
  session_id text primary key references sessions (id),
  claimed_by text not null,
  claimed_at timestamptz not null,
  claimed_until timestamptz not null
);

-- REVIEW_FOUR_EYES: who has said pass, and of which hold.
create table review_approvals (
  session_id text not null references sessions (id),
  reason text not null,
  approved_by text not null,
  approved_at timestamptz not null,
  primary key (session_id, reason, approved_by)
);
