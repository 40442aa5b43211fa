-- IDENTIFICATION_FALLBACK: the identification that iDenfy was asked for when a scanRef may not authenticate by face.

alter table sessions
  -- iDenfy's reference of the new identification: its webhook finds the session by it
  add column identification_scan_ref text,
  -- { url }, sealed: who has the address may identify; null again when the identification is over
  add column identification_sealed bytea,
  -- when the approved identification was applied: a second webhook changes nothing
  add column identified_at timestamptz,
  add constraint sessions_identification_has_reference
    check (identification_scan_ref is not null or (identification_sealed is null and identified_at is null)),
  add constraint sessions_identification_is_over check (identified_at is null or identification_sealed is null);

create unique index sessions_by_identification on sessions (identification_scan_ref)
  where identification_scan_ref is not null;
