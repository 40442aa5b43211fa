/** The two stores, one of each for every suite, and the simulator's keys. */
import { Redis } from 'ioredis';
import type { Simulator } from '../../src/simulator/simulator.js';
import { createDatabase } from './postgres.js';
import { serverUrls } from './server-urls.js';

export type StoreName = 'embedded' | 'servers';

export const simulatorKeys = { apiKey: 'sim-key', apiSecret: 'sim-secret', signingKey: 'sim-signing-key' };

export const idenfyVariables = (simulator: Simulator): Record<string, string> => ({
  IDENFY_BASE_URL: simulator.url,
  IDENFY_FACE_URL: `${simulator.url}/face`,
  IDENFY_API_KEY: simulatorKeys.apiKey,
  IDENFY_API_SECRET: simulatorKeys.apiSecret,
  IDENFY_WEBHOOK_KEYS: simulatorKeys.signingKey,
});

/** Variables of a store of one's own, and what removes it. */
export async function openStore(
  store: StoreName,
): Promise<{ variables: Record<string, string>; drop: () => Promise<void> }> {
  if (store === 'embedded') return { variables: {}, drop: () => Promise.resolve() };
  const { url, drop } = await createDatabase(serverUrls.postgres);
  return { variables: { DATABASE_URL: url, REDIS_URL: await emptyRedis() }, drop };
}

/** A numbered database of the shared Redis for each Jest worker, whose suites run one after the other. */
export async function emptyRedis(): Promise<string> {
  const url = `${serverUrls.redis}/${process.env.JEST_WORKER_ID ?? '1'}`;
  const redis = new Redis(url);
  await redis.flushdb();
  await redis.quit();
  return url;
}
