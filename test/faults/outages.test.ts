import { afterEach, expect, it } from '@jest/globals';
import request from 'supertest';
import { createDatabase, startPostgres } from '../support/postgres.js';
import { openProcessWorld, type ProcessWorld } from '../support/process-world.js';
import { startRedis } from '../support/redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { describeServers } from '../support/servers.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook } from '../support/webhook.js';
import type { SessionBody } from '../support/client.js';

describeServers('when a server goes away', ['postgres', 'redis'], () => {
  let world: ProcessWorld;
  let server: ServerProcess;
  afterEach(async () => {
    await world.close();
    await server.remove();
  });

  const readiness = (url: string) => request(url).get('/readyz');
  const ready = (url: string) =>
    waitFor(async () => (await readiness(url)).status === 200, { what: 'the service to be ready' });

  const logged = (output: readonly string[], words: RegExp) => output.filter((line) => words.test(line));
  const expectTold = async (output: readonly string[], name: string, from = 0) => {
    const back = () => logged(output.slice(from), new RegExp(`${name} is back after`)).length > 0;
    await waitFor(back, { what: `the line that ${name} is back` });
    expect(logged(output.slice(from), new RegExp(`${name} is away`))).toHaveLength(1);
    expect(logged(output.slice(from), new RegExp(`${name} is back after`))).toHaveLength(1);
    // One line, not one for each job, request and connection.
    expect(logged(output.slice(from), /cannot be reached|ECONNREFUSED.*failed/)).toEqual([]);
  };

  it('PostgreSQL: answers 503 and comes back without a restart, and nothing is claimed that was not kept', async () => {
    server = await startPostgres();
    const { url: databaseUrl } = await createDatabase(server.url);
    world = await openProcessWorld('servers', { DATABASE_URL: databaseUrl });
    const running = await world.start();
    const { client, url } = running;
    const session = await client.create('outage-postgres', { channels: ['code', 'sdk'] });
    const waiting = await client.create('outage-postgres-2');
    await server.kill();

    const refused = await client.post('/v1/sessions', { scanRef: 'outage-refused' }).expect(503);
    expect(refused.body).toMatchObject({ code: 'unavailable' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    await client.get(`/v1/sessions/${session.id}`).expect(503);
    await client.get('/v1/events').expect(503);
    await sendWebhook(url, { token: session.attempt!.token!, status: 'SUCCESS' }).expect(503);
    const missing = await readiness(url).expect(503);
    expect(missing.body).toMatchObject({ code: 'unavailable', missing: ['database'] });
    await request(url).get('/healthz').expect(200);
    // The simulator resends, as iDenfy does.
    await world.simulator.selfie({ digitString: waiting.attempt!.code!, outcome: 'SUCCESS' });

    await server.restart();
    await ready(url);
    await client.until(waiting.id, 'the pass', ({ status }) => status === 'passed');
    expect(await client.session(session.id)).toMatchObject({ status: 'active' });
    await client.create('outage-postgres-3');
    expect(process.kill(running.pid, 0)).toBe(true);
    await expectTold(running.output, 'PostgreSQL');
  });

  it('PostgreSQL, with the queue on it: comes back and finishes what was under way', async () => {
    server = await startPostgres();
    const { url: databaseUrl } = await createDatabase(server.url);
    world = await openProcessWorld('servers', { DATABASE_URL: databaseUrl, REDIS_URL: '' });
    const running = await world.start();
    const session = await running.client.create('outage-queue');
    await server.kill();
    await running.client.get('/v1/sessions').expect(503);
    await world.simulator.selfie({ digitString: session.attempt!.code!, outcome: 'FAILED' });
    await server.restart();
    await ready(running.url);
    await running.client.until(
      session.id,
      'the second code',
      ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued',
    );
  });

  it('Redis: goes on accepting sessions and webhooks, and does the work when it is back', async () => {
    server = await startRedis();
    world = await openProcessWorld('servers', { REDIS_URL: server.url, CREATE_WAIT_SECONDS: '1' });
    const running = await world.start();
    const { client, url } = running;
    const session = await client.create('outage-redis');
    await server.kill();

    const accepted = await client.post('/v1/sessions', { scanRef: 'outage-redis-2' }).expect(202);
    await world.simulator.selfie({ digitString: session.attempt!.code!, outcome: 'FAILED' });
    await waitFor(() => world.simulator.ledger.webhooks.at(-1)?.statusAnswered === 200, { what: 'the 200' });
    expect((await readiness(url).expect(503)).body).toMatchObject({ missing: ['queue'] });
    const metrics = await client.get('/metrics').expect(200);
    expect(metrics.text).toMatch(/^facecode_dependency_up\{dependency="queue"\} 0$/m);
    expect(metrics.text).toMatch(/^facecode_dependency_up\{dependency="database"\} 1$/m);
    await client.get(`/v1/sessions/${session.id}`).expect(200);

    await server.restart();
    await ready(url);
    const { id } = accepted.body as SessionBody;
    await client.until(id, 'the code', ({ attempt }) => attempt?.state === 'issued');
    await client.until(
      session.id,
      'the second code',
      ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued',
    );
    expect(process.kill(running.pid, 0)).toBe(true);
    await expectTold(running.output, 'Redis');
    // The next outage is logged, too.
    const sofar = running.output.length;
    await server.kill();
    await waitFor(async () => (await readiness(url)).status === 503, { what: 'Redis to be missed' });
    await server.restart();
    await ready(url);
    await expectTold(running.output, 'Redis', sofar);
  });
});
