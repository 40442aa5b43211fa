/** Sixteen slow searches used to hold every connection that the receiver of webhooks needs. */
import { afterAll, beforeAll, beforeEach, afterEach, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import type { Response } from 'supertest';
import { JournalVerification } from '../../src/journal/tree/verification.service.js';
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
  }, 60_000);
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
    await client.get('/v1/api-keys').expect(200);
    let answered = 0;
    for (const summary of summaries) void summary.then(() => (answered += 1));
    await waitFor(() => answered === 12, { what: 'the other twelve to be refused', withinSeconds: 15 });
    await unlock();
    const answers = await Promise.all(summaries);
    expect(statuses(answers)).toEqual([...Array<number>(4).fill(200), ...Array<number>(12).fill(503)]);
    for (const { body, headers, status } of answers) {
      if (status === 200) continue;
      expect(body).toMatchObject({ code: 'overloaded', detail: expect.stringMatching(/searches and exports/) });
      expect(headers['retry-after']).toBe('2');
    }
  }, 60_000);

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
  }, 60_000);
});
