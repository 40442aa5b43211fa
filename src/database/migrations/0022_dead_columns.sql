-- Columns that nothing reads any more.

-- The answer itself, in answer_sealed, says its status.
alter table idempotency_keys drop column status;

-- Lost sessions are only recorded, so nothing counts how often they were looked for.
alter table attempts drop column lost_looks;

-- The journal says it: attempt.orphaned when an orphan was found, webhook.replayed when a webhook was replayed and by whom.
alter table orphans drop column found_at;
alter table webhooks drop column replayed_at, drop column replayed_by;
