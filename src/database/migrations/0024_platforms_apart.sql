-- Each platform's own: what a key of one platform may read is found by its platform, in the order of each list.

-- An attempt belongs to the platform of its session, for good.
alter table attempts add column platform text not null default 'main';
update attempts set platform = sessions.platform
  from sessions where sessions.id = attempts.session_id and sessions.platform <> 'main';

-- A received webhook belongs to its attempt's platform; null: it has no attempt.
alter table webhooks add column platform text;
update webhooks set platform = attempts.platform from attempts where attempts.id = webhooks.attempt_id;

create index sessions_by_platform on sessions (platform, created_at desc, id desc);
create index attempts_by_platform on attempts (platform, created_at desc, id desc);
create index webhooks_by_platform on webhooks (platform, id desc) where platform is not null;
create index events_by_platform on events (platform, position) where position is not null and platform is not null;

-- How many of the failures that count were of which platform: {"main": 3}. Before there were platforms, all were of one.
alter table subjects add column failures_by_platform jsonb not null default '{}';
update subjects set failures_by_platform = jsonb_build_object('main', consecutive_failures) where consecutive_failures > 0;

-- Idempotency keys are the platform's, not the API key's. `api_key_id` says which API key was answered last.
alter table idempotency_keys add column platform text;
update idempotency_keys set platform = coalesce(
  (select sessions.platform from sessions where sessions.id = idempotency_keys.session_id),
  (select nullif(api_keys.platform, '*') from api_keys where api_keys.id = idempotency_keys.api_key_id),
  'main');
-- Where two API keys of one platform used the same text, the first one's answer stays.
delete from idempotency_keys later using idempotency_keys earlier
 where later.platform = earlier.platform and later.key = earlier.key
   and (later.created_at, later.api_key_id) > (earlier.created_at, earlier.api_key_id);
alter table idempotency_keys alter column platform set not null;
alter table idempotency_keys drop constraint idempotency_keys_pkey, add primary key (platform, key);
