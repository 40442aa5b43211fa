import { afterEach, expect, it } from '@jest/globals';
import { describeServers } from '../support/servers.js';
import { openProcessWorld, type ProcessWorld } from '../support/process-world.js';
import type { EventBody, SessionBody } from '../support/client.js';

describeServers('service processes that share PostgreSQL and Redis', ['postgres', 'redis'], () => {
  let world: ProcessWorld;
  afterEach(() => world.close());

  const pass = (session: SessionBody, outcome: 'SUCCESS' | 'FAILED' = 'SUCCESS') =>
    world.simulator.selfie({ digitString: session.attempt!.code!, outcome });

  it('do the work of one, each session exactly once', async () => {
    world = await openProcessWorld('servers');
    const [one, two] = await Promise.all([world.start(), world.startAnother()]);
    const clients = [one.client, two.client];
    const sessions = await Promise.all(
      Array.from({ length: 40 }, (_, n) => clients[n % 2]!.create(`shared-${n}`, { maxAttempts: 2 })),
    );
    await Promise.all(sessions.map((session, n) => pass(session, n % 4 === 0 ? 'FAILED' : 'SUCCESS')));
    await Promise.all(
      sessions.map(async (session, n) => {
        const other = clients[(n + 1) % 2]!;
        if (n % 4 !== 0) return other.until(session.id, 'the pass', ({ status }) => status === 'passed');
        await other.until(
          session.id,
          'the second code',
          ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued',
        );
        const { body } = await other.post(`/v1/sessions/${session.id}/code`).expect(200);
        await world.simulator.selfie({ digitString: (body as { code: string }).code, outcome: 'FAILED' });
        return other.until(session.id, 'the end', ({ status }) => status === 'failed');
      }),
    );
    const first = await two.client.untilEvent(sessions[0]!.id, 'session.failed');
    expect(first.map(({ seq }) => seq)).toEqual(first.map((_, index) => index + 1));
    // One create call for each code, whoever made it.
    const creates = world.simulator.ledger.requests.filter(({ method }) => method === 'POST');
    expect(creates).toHaveLength(50);
    const { body } = await one.client.get('/v1/events?limit=1000').expect(200);
    const positions = (body as { data: EventBody[] }).data.map(({ position }) => position);
    expect(positions).toEqual(positions.map((_, index) => index + 1));
  });

  it('answer one request of many with the same idempotency key', async () => {
    world = await openProcessWorld('servers');
    const [one, two] = await Promise.all([world.start(), world.startAnother()]);
    const ask = (n: number) =>
      (n % 2 ? one : two).client.post('/v1/sessions', { scanRef: 'sim-slow-1-shared' }).set('idempotency-key', 'k');
    const answers = await Promise.all(Array.from({ length: 6 }, (_, n) => ask(n)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it.each([
    ['Redis', {}],
    ['the queue on PostgreSQL', { REDIS_URL: '' }],
  ])('may be split into api and worker, with %s', async (_, variables) => {
    world = await openProcessWorld('servers', variables);
    const api = await world.start({ ROLES: 'api', CREATE_WAIT_SECONDS: '1' });
    const accepted = await api.client.post('/v1/sessions', { scanRef: 'split-1' }).expect(202);
    const { id } = accepted.body as SessionBody;
    const worker = await world.startAnother({ ROLES: 'worker' });
    await api.client.until(id, 'the code', ({ attempt }) => attempt?.state === 'issued');
    const session = await api.client.create('split-2');
    await pass(session);
    await api.client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    await api.client.untilEvent(session.id, 'session.passed');
    await worker.client.get('/v1/sessions').expect(404);
    await worker.client.get('/readyz').expect(200);
    await worker.client.get('/metrics').expect(200);
  });
});
