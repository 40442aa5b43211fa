-- Columns that nothing reads any more.

-- answer_sealed holds the whole answer, with its status.
alter table idempotency_keys drop column status;

-- Lost sessions are only recorded, so nothing counts the searches for them.
alter table attempts drop column lost_looks;

-- The journal has these facts: attempt.orphaned (when an orphan was found) and webhook.replayed (when, and by whom).
alter table orphans drop column found_at;
alter table webhooks drop column replayed_at, drop column replayed_by;
