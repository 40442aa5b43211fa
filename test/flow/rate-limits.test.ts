import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { readSettings } from '../../src/config/read-settings.js';
import { Clock } from '../../src/core/clock.js';
import { serverPool } from '../../src/database/connect.js';
import { Database } from '../../src/database/database.js';
import { RateLimits } from '../../src/http/rate-limit.service.js';
import { RequestBudgetsStore } from '../../src/http/request-budgets.store.js';
import { describeServers } from '../support/servers.js';
import { startTestService, type TestService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';
import { sendWebhook } from '../support/webhook.js';
import { Client } from '../support/client.js';
import { onEveryStore } from '../support/world.js';
import { countingKeyLookUps } from '../support/counting.js';
import { openStore } from '../support/store.js';

const small = { RATE_LIMIT_PER_KEY_PER_MINUTE: '60', RATE_LIMIT_PER_ADDRESS_PER_MINUTE: '60' };
/** Of the small limits: ten seconds' worth at once, a chunk of each process and one over, and what it gives out unasked. */
const atOnce = (processes: number) => 10 + 2 * (processes + 1) + processes;

const settingsOf = (variables: Record<string, string>) => {
  const folder = temporaryFolder('limits');
  try {
    return readSettings(testEnvironment(folder, variables));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

class SetClock extends Clock {
  ms = Date.parse('2026-03-01T12:00:00.000Z');
  now(): Date {
    return new Date(this.ms);
  }
}

const asKey = (id: string) => ({ kind: 'api-key', id, name: id, owner: null, platform: 'main', scopes: [] }) as const;

const newKey = async (client: Client): Promise<Client> => {
  const made = await client.post('/v1/api-keys', { name: 'poller', scopes: ['sessions'] }).expect(201);
  return client.as((made.body as { key: string }).key);
};

/** Statuses of so many requests, some at a time. */
async function flood(times: number, ask: (n: number) => PromiseLike<request.Response>): Promise<request.Response[]> {
  const answers: request.Response[] = [];
  for (let n = 0; n < times; n += 5) {
    answers.push(...(await Promise.all([0, 1, 2, 3, 4].map((more) => ask(n + more)))));
  }
  return answers;
}
const having = (status: number, answers: readonly request.Response[]) =>
  answers.filter((answer) => answer.status === status);

onEveryStore(
  'the limits of requests',
  (world) => {
    const withKey = (key: string) => request(world().url).get('/v1/sessions').set('authorization', `Bearer ${key}`);

    it('turn a key away that asks too much, say when to come back, and leave the others alone', async () => {
      const [greedy, modest] = [await newKey(world().client), await newKey(world().client)];
      const started = Date.now();
      const answers = await flood(60, () => withKey(greedy.key));
      const passedSeconds = (Date.now() - started) / 1000;
      const [refused, through] = [having(429, answers), having(200, answers)];
      expect(refused.length + through.length).toBe(60);
      expect(through.length).toBeGreaterThanOrEqual(10);
      expect(through.length).toBeLessThanOrEqual(atOnce(1) + passedSeconds + 1);
      expect(refused[0]?.type).toBe('application/problem+json');
      expect(refused[0]?.headers['retry-after']).toBe('1');
      expect(refused[0]?.body).toMatchObject({ code: 'rate-limited', type: '/problems/rate-limited' });
      await withKey(modest.key).expect(200);
    });

    it('turn an address away that fails to authenticate too often, and let good keys in from it all the same', async () => {
      const good = await newKey(world().client);
      const answers = await flood(60, (n) => withKey(`fc_${'x'.repeat(40)}${n}`));
      expect(having(401, answers).length).toBeGreaterThanOrEqual(10);
      expect(having(429, answers).length).toBeGreaterThan(0);
      expect(having(429, answers)[0]?.headers).toMatchObject({ 'retry-after': '1' });
      await withKey(good.key).expect(200);
      await request(world().url).get('/healthz').expect(200);
    });

    it('do not apply to / and /docs, whatever key is sent', async () => {
      for (const path of ['/', '/docs']) {
        const answers = await flood(60, (n) =>
          request(world().url)
            .get(path)
            .set('authorization', `Bearer fc_${'z'.repeat(40)}${n}`),
        );
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([path === '/' ? 302 : 200]));
      }
    });

    it('spare the database: no unknown key is looked up for an address that is turned away', async () => {
      const lookUps = countingKeyLookUps(world().database);
      const started = Date.now();
      const answers = await flood(100, (n) => withKey(`fc_${'y'.repeat(40)}${n}`));
      const turnsOfASecond = 1 + Math.floor((Date.now() - started) / 1000);
      expect(having(429, answers).length).toBeGreaterThan(50);
      // Of each second the requests that were under way together when the address was found to have failed too often.
      expect(lookUps()).toBeLessThanOrEqual(having(401, answers).length + 10 * turnsOfASecond);
    });

    it('do not concern the receiver: a bad signature is always 401, and every good one is let in', async () => {
      const unsigned = await flood(40, (n) => sendWebhook(world().url, { n }, { key: null }));
      expect(having(401, unsigned)).toHaveLength(40);
      const signed = await flood(40, (n) => sendWebhook(world().url, { token: `unknown-${n}`, status: 'SUCCESS' }));
      expect(having(200, signed)).toHaveLength(40);
    });

    describe('counted by several processes on one database', () => {
      const clock = new SetClock();
      const process = (variables: Record<string, string> = small) =>
        new RateLimits(new RequestBudgetsStore(world().database), clock, settingsOf(variables));

      it('let through together what one may', async () => {
        const processes = [process(), process(), process()];
        const verdicts: (number | null)[] = [];
        for (let n = 0; n < 90; n += 1) verdicts.push(await processes[n % 3]!.request(asKey('shared')));
        const through = verdicts.filter((verdict) => verdict === null).length;
        expect(through).toBeGreaterThanOrEqual(10);
        expect(through).toBeLessThanOrEqual(atOnce(3));
      });

      it('never refuse a poller at half the rate', async () => {
        const processes = [process(), process()];
        const verdicts: (number | null)[] = [];
        for (let n = 0; n < 200; n += 1) {
          clock.ms += 2000;
          verdicts.push(await processes[n % 2]!.request(asKey('poller')));
        }
        expect(verdicts.filter((verdict) => verdict !== null)).toEqual([]);
      });

      it('write about once a second, however many requests there are', async () => {
        const busy = process({ RATE_LIMIT_PER_KEY_PER_MINUTE: '60000' });
        const { database } = world();
        const versions = new Set<string>();
        for (let n = 0; n < 2000; n += 1) {
          clock.ms += 2;
          expect(await busy.request(asKey('busy'))).toBeNull();
          const { rows } = await database.query<{ version: string }>(
            `select xmin::text as version from request_budgets where bucket = 'busy'`,
          );
          if (rows[0]) versions.add(rows[0].version);
        }
        // Four seconds, and the first of them with chunks that double up to what it needs.
        expect(versions.size).toBeGreaterThan(1);
        expect(versions.size).toBeLessThan(16);
      });

      it('are off with 0', async () => {
        const off = process({ RATE_LIMIT_PER_KEY_PER_MINUTE: '0', RATE_LIMIT_PER_ADDRESS_PER_MINUTE: '0' });
        for (let n = 0; n < 100; n += 1) {
          expect([await off.request(asKey('off')), await off.failedAuthentication('198.51.100.1')]).toEqual([
            null,
            null,
          ]);
        }
      });

      it('take the addresses of one /64 for one, and forget the one unused for longest when there are too many', async () => {
        const limits = process({ RATE_LIMIT_PER_ADDRESS_PER_MINUTE: '6' });
        const kept = async () =>
          (await world().database.query<{ bucket: string }>('select bucket from request_budgets')).rows.filter(
            ({ bucket }) => bucket.startsWith('address:2001:db8:0:'),
          );
        await limits.failedAuthentication('2001:db8::1');
        // Each of them spends what is given out unasked, so that no row is written.
        for (let n = 0; n < 10_000; n += 1) {
          await limits.failedAuthentication(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
        }
        await limits.failedAuthentication('2001:db8::2');
        expect(await kept()).toEqual([]);
        await limits.failedAuthentication('2001:db8::3');
        expect(await kept()).toEqual([{ bucket: 'address:2001:db8:0:0::/64' }]);
      });
    });
  },
  small,
);

it('a database that is away turns nobody away', async () => {
  const pool = serverPool('postgres://nobody@127.0.0.1:9/nowhere', 1);
  const away = new Database(pool, false, () => pool.end());
  const limits = new RateLimits(new RequestBudgetsStore(away), new SetClock(), settingsOf(small));
  for (let n = 0; n < 100; n += 1) expect(await limits.request(asKey('any'))).toBeNull();
  await away.close();
});

describeServers('two services on one database', ['postgres', 'redis'], () => {
  let services: TestService[];
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const store = await openStore('servers');
    ({ drop } = store);
    services = [];
    for (let n = 0; n < 2; n += 1) services.push(await startTestService({ ...store.variables, ...small }));
  });
  afterAll(async () => {
    for (const service of services) await service.close();
    await drop();
  });

  it('share the budget of a key', async () => {
    const [one, two] = services;
    const key = (await newKey(new Client(one!.url, one!.adminKey))).key;
    const started = Date.now();
    const answers = await flood(120, (n) =>
      request((n % 2 === 0 ? one! : two!).url)
        .get('/v1/sessions')
        .set('authorization', `Bearer ${key}`),
    );
    const passedSeconds = (Date.now() - started) / 1000;
    expect(having(200, answers).length + having(429, answers).length).toBe(120);
    expect(having(200, answers).length).toBeLessThanOrEqual(atOnce(2) + passedSeconds + 2);
  });
});

onEveryStore(
  'the limits behind a proxy',
  (world) => {
    it('count the address that the proxy tells, not the one that a client claims', async () => {
      const from = (address: string) => (n: number) =>
        request(world().url)
          .get('/v1/sessions')
          .set('authorization', `Bearer fc_${'x'.repeat(40)}${n}`)
          .set('x-forwarded-for', `198.51.100.${n}, ${address}`);
      const flooded = await flood(40, from('203.0.113.7'));
      expect(having(429, flooded).length).toBeGreaterThan(0);
      expect((await from('203.0.113.8')(0)).status).toBe(401);
    });
  },
  { TRUST_PROXY: '127.0.0.0/8', RATE_LIMIT_PER_ADDRESS_PER_MINUTE: '6' },
);
