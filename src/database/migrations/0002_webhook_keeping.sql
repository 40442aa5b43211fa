-- Looking through received webhooks, running one again, and forgetting bodies that are old.

-- null once the body was purged (WEBHOOK_BODY_RETENTION_DAYS); the row and the digest stay
alter table webhooks alter column body_sealed drop not null;
-- how often an operator has had it run again, when last and by whose API key
alter table webhooks add column replays integer not null default 0;
alter table webhooks add column replayed_at timestamptz;
alter table webhooks add column replayed_by text;

create index webhooks_by_state on webhooks (state, id desc);
create index webhooks_by_token on webhooks (token_digest, id desc) where token_digest is not null;
create index webhooks_by_received on webhooks (received_at, id);
create index webhooks_with_body on webhooks (received_at) where body_sealed is not null;
