-- The clock: asking iDenfy what became of a code, confirming passes, finding sessions whose create call was lost.

alter table attempts add column check_tries integer not null default 0;
-- when iDenfy's word on a pass is next to be asked for; null: there is nothing to confirm
alter table attempts add column confirm_at timestamptz;
alter table attempts add column confirm_tries integer not null default 0;
-- a create call that got no answer was made then: iDenfy may have a session we know nothing of
alter table attempts add column lost_since timestamptz;
-- how often it was looked for in vain
alter table attempts add column lost_looks integer not null default 0;
-- the token outlives the attempt until its pass is confirmed; the digits do not
alter table attempts drop constraint attempts_check1;
alter table attempts add constraint attempts_secret_is_wiped
  check (ended_at is null or secret_sealed is null or confirm_at is not null);
create index attempts_due_for_confirming on attempts (confirm_at) where confirm_at is not null;

-- sessions at iDenfy that a lost create call has left behind
create table orphans (
  token_digest bytea primary key,
  attempt_id text not null references attempts (id),
  found_at timestamptz not null
);

-- events that belong to no session
alter table events alter column session_id drop not null;
alter table events alter column seq drop not null;
alter table events add constraint events_seq_within_session check ((session_id is null) = (seq is null));
