-- Passes that were held and not granted: the summary looks for them to count only granted passes as converted. They are
-- few, so the index is small.
create index sessions_held_not_passed on sessions (created_at) where held_at is not null and status <> 'passed';
