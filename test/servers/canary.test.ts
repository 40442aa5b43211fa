import { afterEach, expect, it } from '@jest/globals';
import { dumpPostgres, dumpRedis } from '../support/dump.js';
import { openProcessWorld, type ProcessWorld, type Running } from '../support/process-world.js';
import { describeServers } from '../support/servers.js';
import { testAdminKey } from '../support/test-environment.js';
import { waitFor } from '../support/wait-for.js';
import { type SessionBody } from '../support/client.js';
import { simulatorKeys } from '../support/store.js';

describeServers('codes, tokens and secrets stay in their room', ['postgres', 'redis'], () => {
  let world: ProcessWorld;
  afterEach(() => world.close());

  /** Logs, rows, jobs, events and metrics, one text each. */
  const everywhere = async (running: Running): Promise<Record<string, string>> => ({
    logs: running.output.join('\n'),
    rows: await dumpPostgres(world.variables.DATABASE_URL!),
    jobs: world.variables.REDIS_URL ? await dumpRedis(world.variables.REDIS_URL) : '',
    events: (await running.client.get('/v1/events?limit=1000')).text,
    sessions: (await running.client.get('/v1/sessions?limit=200')).text,
    metrics: (await running.client.get('/metrics')).text,
  });

  const spellings = (secret: string) => [
    secret,
    Buffer.from(secret).toString('hex'),
    Buffer.from(secret).toString('base64'),
  ];

  /** Eight digits may stand by chance inside a longer number or id. */
  const holds = (text: string, spelling: string) =>
    /^\d+$/.test(spelling) ? new RegExp(`(?<![0-9a-f])${spelling}(?![0-9a-f])`).test(text) : text.includes(spelling);

  function expectNone(texts: Record<string, string>, secrets: Record<string, string>): void {
    const found = Object.entries(texts).flatMap(([where, text]) =>
      Object.entries(secrets).flatMap(([what, secret]) =>
        spellings(secret).some((spelling) => holds(text, spelling)) ? [`${what} in ${where}`] : [],
      ),
    );
    expect(found).toEqual([]);
  }

  it.each([
    ['Redis', {}],
    ['the queue on PostgreSQL', { REDIS_URL: '' }],
  ])('at every moment of the flow, with %s', async (_, variables) => {
    world = await openProcessWorld('servers', { ...variables, LOG_LEVEL: 'trace', CREATE_WAIT_SECONDS: '1' });
    const running = await world.start();
    const { client } = running;
    const configured = {
      apiSecret: simulatorKeys.apiSecret,
      signingKey: simulatorKeys.signingKey,
      adminKey: testAdminKey,
      basicPair: Buffer.from(`${simulatorKeys.apiKey}:${simulatorKeys.apiSecret}`).toString('base64'),
    };
    const answer = await client
      .post('/v1/sessions', { scanRef: 'canary', channels: ['code', 'web', 'sdk'], maxAttempts: 2 })
      .set('idempotency-key', 'canary-key')
      .expect(201);
    const session = answer.body as SessionBody;
    const secrets = {
      ...configured,
      code: session.attempt!.code!,
      token: session.attempt!.token!,
      clientToken: session.clientToken!,
    };
    const alive = await everywhere(running);
    expectNone(alive, secrets);
    // That the search can find something at all.
    expect(alive.rows).toContain(session.id);
    expect(alive.events).toContain(session.id);
    expect(alive.logs).toContain('/v1/sessions');

    await world.simulator.selfie({ digitString: secrets.code, outcome: 'FAILED' });
    const second = await client.until(
      session.id,
      'the second code',
      ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued',
    );
    const { body } = await client.post(`/v1/sessions/${second.id}/code`).expect(200);
    const { code, token } = body as { code: string; token: string };
    await client.post(`/v1/sessions/${second.id}/code?token=${secrets.clientToken}`).expect(200);
    // A wrong signature, an unknown key and a body that is refused: nothing of them may be logged either.
    await client
      .as(`fc_${'canary'.repeat(8)}`)
      .get('/v1/sessions')
      .expect(401);
    await client.post('/v1/sessions', { scanRef: 'x', secret: 'canary-in-a-refused-body' }).expect(400);
    await world.simulator.selfie({ digitString: code, outcome: 'SUCCESS' });
    await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    await client.untilEvent(session.id, 'session.passed');
    const photo = /https:\/\/photos\.invalid\/[^"?]+/.exec(world.simulator.ledger.webhooks.at(-1)!.body)![0];
    // Of provider trouble nothing leaks either.
    await client.post('/v1/sessions', { scanRef: 'sim-forbidden-canary' }).expect(502);
    await client.post('/v1/sessions', { scanRef: 'sim-error-500-twice-canary' });
    await waitFor(() => running.output.some((line) => line.includes('no code for attempt')), { what: 'the warning' });
    expectNone(await everywhere(running), {
      ...secrets,
      secondCode: code,
      secondToken: token,
      photo,
      unknownKey: 'canary'.repeat(8),
      refusedBody: 'canary-in-a-refused-body',
    });
  });
});
