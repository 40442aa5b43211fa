import { afterEach, expect, it } from '@jest/globals';
import { outageUnderLoad } from '../support/outage-load.js';
import { createDatabase, startPostgres } from '../support/postgres.js';
import { openProcessWorld, type ProcessWorld } from '../support/process-world.js';
import { startRedis } from '../support/redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { describeServers } from '../support/servers.js';

describeServers('an outage under webhook load', ['postgres', 'redis'], () => {
  let world: ProcessWorld;
  let servers: ServerProcess[] = [];
  afterEach(async () => {
    await world.close();
    await Promise.all(servers.map((server) => server.remove()));
  });

  it.each(['postgres', 'redis'] as const)('of %s: what was acknowledged has its effect, nothing else', async (name) => {
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    servers = [postgres, redis];
    const { url } = await createDatabase(postgres.url);
    world = await openProcessWorld('given', { DATABASE_URL: url, REDIS_URL: redis.url });
    const service = await world.start();
    const result = await outageUnderLoad(world, service, name === 'redis' ? redis : postgres, {
      webhooks: 120,
      outageSeconds: 4,
      resend: { times: 20, everySeconds: 1 },
    });
    expect(result.faults).toEqual([]);
    if (name === 'postgres') expect(result.answers['503']).toBeGreaterThan(0);
    else expect(result.acknowledged).toBe(120);
  });
});
