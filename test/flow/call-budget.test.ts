/** IDENFY_REQUESTS_PER_HOUR: sessions and reads wait when the calls of the hour are spent. */
import { expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { paths } from '../../src/idenfy/contract.js';
import { queueSchema } from '../../src/database/embedded.js';
import { JobDispatcher } from '../../src/queue/job-dispatcher.js';
import { describeServers } from '../support/servers.js';
import { openProcessWorld, type ProcessWorld } from '../support/process-world.js';
import { onEveryStore } from '../support/world.js';
import { endCode, putExpiryBack } from '../support/deadlines.js';
import { waitFor } from '../support/wait-for.js';
import { type SessionBody } from '../support/client.js';

const perHour = 20;
const reads = (requests: readonly { path: string }[]) =>
  requests.filter(({ path }) => path.startsWith(paths.listSessions)).length;

onEveryStore(
  'the calls of an hour',
  (world) => {
    const requests = () => world().simulator.ledger.requests;
    const metrics = async () => (await world().client.get('/metrics').expect(200)).text;
    const nextTry = async ({ id }: SessionBody) => {
      const { rows } = await world().database.query<{ seconds: number }>(
        `select extract(epoch from next_try_at - now())::float as seconds from attempts
          where session_id = $1 and state = 'requested'`,
        [id],
      );
      return rows[0]?.seconds ?? 0;
    };

    it('are shared: reads leave half of them for codes, and sessions wait when all are spent', async () => {
      const { client, database } = world();
      const asked = await Promise.all(
        [1, 2, 3].map((n) => client.create(`sim-api-unclear-budget-${n}`, { maxAttempts: 1 })),
      );
      expect(requests()).toHaveLength(6);
      // Each attempt gets at most five unclear answers, and reads may spend ten calls.
      for (const session of asked) await endCode(database, session);
      await waitFor(() => reads(requests()) === 10, { what: 'the reads' });
      const postponed = `select from attempts where deadline_at > now() + interval '30 minutes' and ended_at is null`;
      await waitFor(async () => (await database.query(postponed)).count > 0, {
        what: 'a read to wait',
      });
      expect(await metrics()).toMatch(/^facecode_idenfy_budget_left_for_reads 0$/m);

      // Codes are still issued with the calls that are left.
      const issued = await Promise.all(['budget-1', 'budget-2'].map((scanRef) => client.create(scanRef)));
      for (const { status } of issued) expect(status).toBe('active');
      expect(requests()).toHaveLength(perHour);
      expect(reads(requests())).toBe(10);

      const answer = await client.post('/v1/sessions', { scanRef: 'budget-late' }).expect(202);
      const late = answer.body as SessionBody;
      await waitFor(async () => (await nextTry(late)) > 60, { what: 'the session to wait for the next hour' });
      expect(await client.session(late.id)).toMatchObject({
        status: 'pending',
        attempt: { number: 1, state: 'requested' },
        attempts: [{ number: 1 }],
      });
      expect(requests()).toHaveLength(perHour);
      // Short pauses: after a restart with a larger budget, new sessions do not wait for the end of the hour.
      const pauseMs = await world().service.service.app.get(JobDispatcher).queue('codes').getRateLimitTtl();
      expect(pauseMs).toBeLessThanOrEqual(60_000);
      expect((await client.get('/readyz')).body).toEqual({
        status: 'ok',
        checks: { database: 'ok', queue: 'ok', process: 'ok' },
      });

      for (const session of asked) await putExpiryBack(database, session);
    });
  },
  { IDENFY_REQUESTS_PER_HOUR: String(perHour), CONFIRM_PASS: 'off', CREATE_WAIT_SECONDS: '2' },
);

onEveryStore(
  'a count of jobs left by an earlier version',
  (world) => {
    it('does not pause the queue', async () => {
      const { client, database, service, store } = world();
      const dispatcher = service.service.app.get(JobDispatcher);
      if (store === 'embedded') {
        await database.query(
          `insert into ${queueSchema}.rate_limit (queue, points, expire_at_ms)
           values ('codes', 10000, extract(epoch from now()) * 1000 + 3600000)
           on conflict (queue) do update set points = excluded.points, expire_at_ms = excluded.expire_at_ms`,
        );
      } else {
        const queues = dispatcher.queue('codes').opts.connection as Redis;
        await queues.set('{facecode}:codes:limiter', 10_000, 'PX', 3_600_000);
      }
      expect(await client.create('budget-upgrade')).toMatchObject({ status: 'active' });
    });

    it('does not keep pauseFor from pausing it', async () => {
      const { client, service } = world();
      const dispatcher = service.service.app.get(JobDispatcher);
      await dispatcher.pauseFor('codes', 3_600_000);
      await client.post('/v1/sessions', { scanRef: 'budget-paused' }).expect(202);
      expect(world().simulator.ledger.requests.some(({ scanRef }) => scanRef === 'budget-paused')).toBe(false);
      await dispatcher.queue('codes').removeRateLimitKey();
    });
  },
  { CREATE_WAIT_SECONDS: '1' },
);

describeServers('the hourly budget with two processes', ['postgres', 'redis'], () => {
  let world: ProcessWorld;

  it.each([
    ['Redis', {}],
    ['the queue on PostgreSQL', { REDIS_URL: '' }],
  ])('limits the calls of both together, with %s', async (_, variables) => {
    world = await openProcessWorld('servers', {
      ...variables,
      IDENFY_REQUESTS_PER_HOUR: '9',
      CREATE_WAIT_SECONDS: '1',
    });
    try {
      const processes = await Promise.all([world.start(), world.startAnother()]);
      await Promise.all(
        Array.from({ length: 12 }, (__, n) =>
          processes[n % 2]!.client.post('/v1/sessions', { scanRef: `budget-${n}` }).expect((answer) => {
            if (![201, 202].includes(answer.status)) throw new Error(`${answer.status}`);
          }),
        ),
      );
      await waitFor(() => world.simulator.ledger.requests.length >= 9, { what: 'nine calls' });
      // One more session for each: the hour is spent.
      for (const { client } of processes) await client.post('/v1/sessions', { scanRef: 'budget-more' }).expect(202);
      expect(world.simulator.ledger.requests).toHaveLength(9);
    } finally {
      await world.close();
    }
  });
});
