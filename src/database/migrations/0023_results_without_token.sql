-- Results of iDenfy without a token, and scanRefs that differ only in letter case.

-- When a result without a token last caused an immediate check of this attempt with the session API; null: never.
alter table attempts add column check_asked_at timestamptz;

-- Finds attempts with a live code by the scanRef of a result, in any letter case.
create index attempts_open_by_scan_ref on attempts (lower(scan_ref)) where state in ('issued', 'awaiting-selfie');
-- The same for identifications.
create index sessions_by_identification_in_any_case on sessions (lower(identification_scan_ref))
  where identification_scan_ref is not null;
