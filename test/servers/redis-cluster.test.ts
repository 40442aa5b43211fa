import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createDatabase } from '../support/postgres.js';
import { type RedisCluster, startRedisCluster } from '../support/redis.js';
import { describeServers } from '../support/servers.js';
import { openWorld, type World } from '../support/world.js';

describeServers('a Redis Cluster', ['postgres', 'redis'], ({ postgres }) => {
  let cluster: RedisCluster;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let world: World;

  beforeAll(async () => {
    [cluster, database] = await Promise.all([startRedisCluster(), createDatabase(postgres)]);
    world = await openWorld('embedded', { DATABASE_URL: database.url, REDIS_URL: cluster.urls.join(',') });
  });

  afterAll(async () => {
    await world?.close();
    await database?.drop();
    await cluster?.remove();
  });

  it('carries the flow', async () => {
    const session = await world.client.create('cluster');
    await world.simulator.selfie({ digitString: session.attempt!.code!, outcome: 'FAILED' });
    await world.client.until(
      session.id,
      'the second code',
      ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued',
    );
    const { body } = await world.client.post(`/v1/sessions/${session.id}/code`).expect(200);
    await world.simulator.selfie({ digitString: (body as { code: string }).code, outcome: 'SUCCESS' });
    const passed = await world.client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    expect(passed.attempts).toHaveLength(2);
    await world.client.untilEvent(session.id, 'session.passed');
  });
});
