/** Sixteen slow searches used to hold every connection that the receiver of webhooks needs. */
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, afterEach, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import type { Response } from 'supertest';
import { EventsService } from '../../src/journal/events.service.js';
import { JournalVerification } from '../../src/journal/tree/verification.service.js';
import { StreamLimits } from '../../src/streams/stream-limits.js';
import type { Client } from '../support/client.js';
import { describeServers } from '../support/servers.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook } from '../support/webhook.js';
import { openWorld, type World } from '../support/world.js';

describeServers('readers who ask for too much at once', ['postgres', 'redis'], () => {
  let world: World;
  let locking: pg.Client;
  let looking: pg.Client;

  beforeAll(async () => {
    world = await openWorld('servers');
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    const { options } = world.database.pool;
    [locking, looking] = [new pg.Client(options), new pg.Client(options)];
    await Promise.all([locking.connect(), looking.connect()]);
  });
  afterEach(() => Promise.all([locking.end(), looking.end()]));

  const lock = async (table: string) => {
    await locking.query('begin');
    await locking.query(`lock table ${table} in access exclusive mode`);
  };
  const unlock = () => locking.query('rollback');
  /** Statements that wait for the lock. */
  const waiting = async (): Promise<number> => {
    const { rows } = await looking.query<{ count: number }>(
      `select count(*)::integer from pg_stat_activity
        where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0`,
    );
    return rows[0]!.count;
  };
  /** That many requests, already sent. */
  const ask = (times: number, path: string): Promise<Response>[] =>
    Array.from({ length: times }, () => world.client.get(path).then((answer) => answer));
  const statuses = (answers: readonly Response[]) => answers.map(({ status }) => status).toSorted();

  it('do not keep the receiver of webhooks waiting', async () => {
    const { client, url } = world;
    await lock('sessions');
    const summaries = ask(16, '/v1/attempts/summary');
    await waitFor(async () => (await waiting()) >= 4, { what: 'the summaries to wait for the lock' });
    for (let n = 0; n < 5; n += 1) {
      const answer = await sendWebhook(url, { token: `unknown-${n}`, status: 'FAILED' });
      expect(answer.status).toBe(200);
    }
    // Listing endpoints is not recorded. To record a read, PostgreSQL would open the locked table for the foreign key.
    await client.get('/v1/endpoints').expect(200);
    let answered = 0;
    for (const summary of summaries) void summary.then(() => (answered += 1));
    await waitFor(() => answered === 12, { what: 'the other twelve to be refused' });
    await unlock();
    const answers = await Promise.all(summaries);
    expect(statuses(answers)).toEqual([...Array<number>(4).fill(200), ...Array<number>(12).fill(503)]);
    for (const { body, headers, status } of answers) {
      if (status === 200) continue;
      expect(body).toMatchObject({ code: 'overloaded', detail: expect.stringMatching(/searches and exports/) });
      expect(headers['retry-after']).toBe('2');
    }
  });

  it('share one verification of the journal', async () => {
    const verify = jest.spyOn(world.service.service.app.get(JournalVerification), 'verify');
    await lock('checkpoints');
    const verifications = ask(10, '/v1/journal/verify');
    await waitFor(async () => (await waiting()) > 0 && verify.mock.calls.length > 0, { what: 'the first to wait' });
    await world.client.get('/v1/api-keys').expect(200);
    await unlock();
    const answers = await Promise.all(verifications);
    expect(statuses(answers)).toEqual(Array<number>(10).fill(200));
    // Two if a request was so late that the first verification was over.
    expect(verify.mock.calls.length).toBeLessThanOrEqual(2);
    verify.mockRestore();
  });

  /** Sends requests that stay open. @returns the answers that have come so far, and what ends the requests */
  const open = (times: number, path: string, key: string) => {
    const sent = Array.from({ length: times }, () =>
      get(`${world.url}${path}`, { agent: false, headers: { authorization: `Bearer ${key}` } }),
    );
    const answers: IncomingMessage[] = [];
    for (const one of sent) one.on('error', () => undefined).on('response', (answer) => answers.push(answer));
    return { answers, end: () => sent.forEach((one) => one.destroy()) };
  };
  const newKey = async (): Promise<Client> => {
    const { body } = await world.client.post('/v1/api-keys', { name: 'reader', scopes: ['audit'] }).expect(201);
    return world.client.as((body as { key: string }).key);
  };

  it('may keep a limited number of streams open with one key, and more only when one of them ends', async () => {
    const limits = world.service.service.app.get(StreamLimits);
    expect(limits).toMatchObject({ perKey: 1000, perToken: 10 });
    limits.perKey = 20;
    const [greedy, modest] = [await newKey(), await newKey()];
    const { answers, end } = open(21, '/v1/events/stream', greedy.key);
    await waitFor(() => answers.length === 21, { what: 'every stream to be answered' });
    const refused = answers.filter(({ statusCode }) => statusCode !== 200);
    expect(refused.map(({ statusCode }) => statusCode)).toEqual([429]);
    const again = await greedy.get('/v1/events/stream').expect(429);
    expect(again.body).toMatchObject({ code: 'rate-limited', detail: expect.stringContaining('1,000 for an API key') });
    expect(again.headers['retry-after']).toBe('2');
    const others = open(1, '/v1/events/stream', modest.key);
    await waitFor(() => others.answers[0]?.statusCode === 200, { what: 'the stream of another key' });
    others.end();
    end();
    await waitFor(
      async () => {
        const stream = open(1, '/v1/events/stream', greedy.key);
        const [answer] = await waitFor(() => stream.answers.length > 0 && stream.answers, { what: 'an answer' });
        stream.end();
        return answer?.statusCode === 200;
      },
      { what: 'a place for another stream' },
    );
  });

  it('may have a limited number of polls waiting with one key, and more only when one of them ends', async () => {
    const [greedy, modest] = [await newKey(), await newKey()];
    const events = world.service.service.app.get(EventsService);
    expect(events.waitingPerKey).toBe(500);
    events.waitingPerKey = 20;
    const after = Number.MAX_SAFE_INTEGER;
    const polls = open(30, `/v1/events?after=${after}&wait=30`, greedy.key);
    await waitFor(() => polls.answers.length === 10, { what: 'ten refusals' });
    expect(polls.answers.map(({ statusCode }) => statusCode)).toEqual(Array<number>(10).fill(429));
    const again = await greedy.get(`/v1/events?after=${after}&wait=1`).expect(429);
    expect(again.body).toMatchObject({ code: 'rate-limited', detail: expect.stringContaining('500 at most') });
    expect(again.headers['retry-after']).toBe('2');
    await greedy.get(`/v1/events?after=${after}`).expect(200);
    await modest.get(`/v1/events?after=${after}&wait=0.1`).expect(200);
    polls.end();
    const free = async () => (await greedy.get(`/v1/events?after=${after}&wait=0.1`)).status === 200;
    await waitFor(free, { what: 'the places of the closed connections' });
  });
});
