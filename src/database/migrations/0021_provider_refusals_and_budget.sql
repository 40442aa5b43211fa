-- Operations of iDenfy that it refuses for everybody, for all replicas: see src/idenfy/README.md, "When it refuses".
create table provider_refusals (
  operation text primary key,
  -- answers in a row that refused only the session that was asked for
  token_refusals_in_a_row integer not null default 0,
  -- since when nobody asks; null: everybody may
  refused_at timestamptz,
  -- when the next probe is due; null: none is needed
  probe_at timestamptz,
  reason text,
  constraint provider_refusals_need_a_reason_and_a_probe
    check (refused_at is null or (reason is not null and probe_at is not null))
);

-- Calls to iDenfy in the current hour, of all replicas. Leases that a process has not used up count as spent.
create table call_budget (
  one boolean primary key default true check (one),
  window_started_at timestamptz not null,
  spent integer not null,
  spent_on_reads integer not null,
  check (spent_on_reads between 0 and spent)
);
insert into call_budget values (true, 'epoch', 0, 0);

-- answers of the session API about the attempt that said nothing certain
alter table attempts add column unclear_answers integer not null default 0;
