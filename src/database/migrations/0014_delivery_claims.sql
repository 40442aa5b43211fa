-- Claims of a delivery are numbered. A process that was paused can then not change a delivery that another process has
-- taken over, and a try whose outcome nobody recorded has a row of its own.
alter table deliveries add column claims integer not null default 0;
-- the claim that the try was made under; null: made before claims were numbered
alter table delivery_attempts add column claim integer;
create unique index delivery_attempts_of_claim on delivery_attempts (delivery_id, claim);

-- Order is kept among deliveries that were not tried since they were made or asked for again.
drop index deliveries_untried;
create index deliveries_unbegun on deliveries (endpoint_id, session_id, seq) where state = 'pending' and step = 0;
