import { afterAll, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { startRedis } from '../support/redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { describeServers } from '../support/servers.js';
import { survives } from '../support/survives.js';

describeServers('FLUSHALL on Redis, beside a running service', ['postgres', 'redis'], () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.remove());

  const flush = async () => {
    const redis = new Redis(server.url);
    await redis.flushall();
    await redis.quit();
  };

  const fault: Parameters<typeof survives>[1] = async (world, running) => {
    await flush();
    // The step needed a process without workers: from here on there have to be some.
    if (running.roles === 'api') await world.startAnother({ ROLES: 'worker' });
    return running;
  };
  survives('servers', fault, () => ({ REDIS_URL: server.url }));
});
