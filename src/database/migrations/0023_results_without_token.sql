-- Results of iDenfy without a token, and scanRefs that differ only in letter case.

-- When a result without a token last had the session API asked at once about this attempt; null: never.
alter table attempts add column check_asked_at timestamptz;

-- Finds the attempts whose code is out by the scanRef of a result, in any letter case.
create index attempts_open_by_scan_ref on attempts (lower(scan_ref)) where state in ('issued', 'awaiting-selfie');
-- The same for identifications.
create index sessions_by_identification_in_any_case on sessions (lower(identification_scan_ref))
  where identification_scan_ref is not null;
