/** What an operator finds in the log with the ids of an answer, a job or a session. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import request from 'supertest';
import { openProcessWorld, type ProcessWorld, type Running } from '../support/process-world.js';
import { describeServers } from '../support/servers.js';
import { sendWebhook } from '../support/webhook.js';
import { waitFor } from '../support/wait-for.js';

interface Line {
  msg: string;
  stack?: string;
  requestId?: string;
  sessionId?: string;
  attemptId?: string;
  job?: string;
}

describeServers('the log', ['postgres', 'redis'], () => {
  let world: ProcessWorld;
  let running: Running;
  beforeAll(async () => {
    world = await openProcessWorld('servers', { LOG_FORMAT: 'json', TRUST_PROXY: '127.0.0.0/8' });
    const url = world.variables.DATABASE_URL!;
    const sql = new pg.Client({ connectionString: url });
    await sql.connect();
    await sql.query(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit = off`);
    await sql.end();
    running = await world.start();
  });
  afterAll(() => world.close());

  const untilLine = (fits: (line: Line) => boolean, what: string): Promise<Line> => {
    const lines = () => running.output.filter((text) => text.startsWith('{')).map((text) => JSON.parse(text) as Line);
    return waitFor(() => lines().find(fits), { what });
  };

  it('warns at the start of a PostgreSQL that may lose an answered request, in one line', () => {
    const unsafe = running.output.filter((text) => /synchronous_commit|fsync|full_page_writes/.test(text));
    expect(unsafe).toHaveLength(1);
    expect(JSON.parse(unsafe[0]!)).toMatchObject({
      level: 40,
      msg: 'PostgreSQL runs with synchronous_commit=off: an answered request may be lost in a crash',
    });
  });

  it('has the request id of a 500 in the line with the stack', async () => {
    const sql = new pg.Client({ connectionString: world.variables.DATABASE_URL });
    await sql.connect();
    await sql.query('alter table endpoints rename to endpoints_away');
    const answers = [
      await running.client.get('/v1/endpoints'),
      await running.client.post('/v1/endpoints', { url: 'https://192.0.43.8/hook' }),
    ];
    await sql.query('alter table endpoints_away rename to endpoints');
    await sql.end();
    for (const { status, body } of answers) {
      expect(status).toBe(500);
      const { requestId } = body as { requestId: string };
      await untilLine((line) => line.stack !== undefined && line.requestId === requestId, `the stack of ${requestId}`);
    }
  });

  it('names the request in the line about a statement that the database refused', async () => {
    const [locking, looking] = [1, 2].map(() => new pg.Client({ connectionString: world.variables.DATABASE_URL }));
    await Promise.all([locking!.connect(), looking!.connect()]);
    await locking!.query('begin');
    await locking!.query('lock table endpoints in access exclusive mode');
    const asked = running.client.get('/v1/endpoints').then((answer) => answer);
    const cancel = `select pg_cancel_backend(pid) from pg_stat_activity
                     where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0
                       and query like 'select "id"%'`;
    await waitFor(async () => ((await looking!.query(cancel)).rowCount ?? 0) > 0, { what: 'the request to wait' });
    const { status, body } = await asked;
    await Promise.all([locking!.end(), looking!.end()]);
    expect(status).toBe(503);
    const { requestId } = body as { requestId: string };
    const line = await untilLine((one) => one.requestId === requestId && one.msg.includes('canceling'), 'the reason');
    expect(line.msg).toBe('the database refuses for now: canceling statement due to user request');
  });

  it('has the ids of session, attempt and request in the line about a refusal by iDenfy', async () => {
    const { body } = await running.client.post('/v1/sessions', { scanRef: 'sim-no-credits' }).expect(502);
    const { requestId, sessionId } = body as { requestId: string; sessionId: string };
    const line = await untilLine(({ msg }) => msg.includes('refused for good'), 'the refusal');
    expect(line).toMatchObject({ requestId, sessionId, attemptId: expect.stringMatching(/^att_/), job: 'issue-code' });
  });

  it('names the key and the address of each request, and the cause of a failed login, but never the query or the key itself', async () => {
    const { client } = running;
    const session = await client.create('access-log');
    const from = (asked: request.Test) => asked.set('x-forwarded-for', '203.0.113.9');
    const stranger = client.as(`fc_${'canary'.repeat(8)}`);
    const [good, refused, absent, browser] = [
      await from(client.get('/v1/sessions?reference=canary-order')).expect(200),
      await from(stranger.get('/v1/sessions?reference=canary-order')).expect(401),
      await from(client.get('/canary-less/path?token=canary-token')).expect(404),
      await request(client.url)
        .get(`/v1/sessions/${session.id}/stream?token=${'canary'.repeat(6)}`)
        .expect(401),
    ];
    const unsigned = await sendWebhook(client.url, { n: 1 }, { key: null }).set('x-forwarded-for', '203.0.113.9');
    const lineOf = (answer: request.Response) =>
      untilLine(
        (line) => line.msg === 'request completed' && line.requestId === answer.headers['x-request-id'],
        'the line of the request',
      );
    const asked = { method: 'GET', clientAddress: '203.0.113.9', durationMs: expect.any(Number) };
    const sessions = { ...asked, route: '/v1/sessions', path: '/v1/sessions' };
    expect(await lineOf(good)).toMatchObject({ ...sessions, status: 200, keyId: expect.stringMatching(/^key_/) });
    expect(await lineOf(refused)).toMatchObject({ ...sessions, status: 401, failedLogin: 'unknown-key' });
    expect(await lineOf(absent)).toMatchObject({ ...asked, status: 404, path: '/canary-less/path' });
    expect(await lineOf(browser)).toMatchObject({
      route: '/v1/sessions/:id/stream',
      status: 401,
      clientAddress: '127.0.0.1',
      failedLogin: 'key-in-address',
    });
    expect(await lineOf(unsigned)).toMatchObject({
      status: 401,
      failedLogin: 'bad-signature',
      clientAddress: '203.0.113.9',
    });
    await client.as(session.clientToken!).get(`/v1/sessions/${session.id}`).expect(200);
    await untilLine((line) => line.msg === 'request completed' && line.sessionId === session.id, 'the client token');
    const output = running.output.join('\n');
    for (const canary of ['canarycanary', 'canary-order', 'canary-token', session.clientToken!, client.key]) {
      expect(output).not.toContain(canary);
    }
  });

  it('has a line for a stream whose reader went away', async () => {
    const { client } = running;
    const stream = get(`${client.url}/v1/events/stream`, { headers: { authorization: `Bearer ${client.key}` } });
    const [answer] = (await once(stream, 'response')) as [IncomingMessage];
    stream.destroy();
    const requestId = answer.headers['x-request-id'];
    const line = await untilLine((one) => one.requestId === requestId && one.msg === 'request aborted', 'the line');
    expect(line).toMatchObject({ route: '/v1/events/stream', status: 200, keyId: expect.stringMatching(/^key_/) });
  });

  it('has the request id once in each line of the access log, and never the query', async () => {
    const answer = await running.client.get('/v1/sessions?reference=secret-order').expect(200);
    const requestId = answer.headers['x-request-id']!;
    await untilLine((line) => line.msg === 'request completed' && line.requestId === requestId, 'the access log');
    for (const text of running.output) {
      expect(text.split('"requestId"').length - 1).toBeLessThanOrEqual(1);
      expect(text).not.toContain('secret-order');
    }
  });
});
