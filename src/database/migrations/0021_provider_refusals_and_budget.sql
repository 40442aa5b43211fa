-- Operations that iDenfy refuses to the whole account. All replicas share it: src/idenfy/README.md, "When it refuses".
create table provider_refusals (
  operation text primary key,
  -- answers in a row that refused only one session; while the operation is refused, its probes
  token_refusals_in_a_row integer not null default 0,
  -- when iDenfy refused the operation; null: calls are allowed
  refused_at timestamptz,
  -- when the next probe is due; null: no probe is needed
  probe_at timestamptz,
  reason text,
  constraint provider_refusals_need_a_reason_and_a_probe
    check (refused_at is null or (reason is not null and probe_at is not null))
);

-- The calls of all replicas to iDenfy in the current hour. Calls that a process leases but does not use count as spent.
create table call_budget (
  one boolean primary key default true check (one),
  window_started_at timestamptz not null,
  spent integer not null,
  spent_on_reads integer not null,
  check (spent_on_reads between 0 and spent)
);
insert into call_budget values (true, 'epoch', 0, 0);

-- how many answers of the session API about the attempt were unclear
alter table attempts add column unclear_answers integer not null default 0;
