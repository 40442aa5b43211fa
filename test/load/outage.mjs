/**
 * Stops PostgreSQL or Redis for a while under webhook load.
 *
 *   node test/load/outage.mjs --server postgres --seconds 60
 *   node test/load/outage.mjs --server redis --seconds 60
 */
import { parseArgs } from 'node:util';
import { loadTypeScript } from '../support/typescript-loader.mjs';

loadTypeScript();
const { startPostgres, createDatabase } = await import('../support/postgres.ts');
const { startRedis } = await import('../support/redis.ts');
const { openProcessWorld } = await import('../support/process-world.ts');
const { outageUnderLoad } = await import('../support/outage-load.ts');

const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({ options: { server: text('postgres'), seconds: text('60'), webhooks: text('1000') } });
const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
try {
  const { url } = await createDatabase(postgres.url);
  const world = await openProcessWorld('given', {
    DATABASE_URL: url,
    REDIS_URL: redis.url,
    IDENFY_REQUESTS_PER_HOUR: '10000000',
    RATE_LIMIT_PER_KEY_PER_MINUTE: '0',
    LOG_LEVEL: 'error',
  });
  try {
    const service = await world.start();
    const server = values.server === 'redis' ? redis : postgres;
    const result = await outageUnderLoad(world, service, server, {
      webhooks: Number(values.webhooks),
      outageSeconds: Number(values.seconds),
      resend: { times: 11, everySeconds: 10 },
    });
    console.log(
      `${values.server} away for ${values.seconds} s: ${result.sent} webhooks, ${result.acknowledged} acknowledged, ${result.given} never`,
    );
    for (const [answer, count] of Object.entries(result.answers).sort()) console.log(`  ${answer.padEnd(10)} ${count}`);
    for (const fault of result.faults) console.log(`  FAULT ${fault}`);
    console.log(result.faults.length === 0 ? 'every acknowledged webhook has its effect, no other has one' : 'broken');
    process.exitCode = result.faults.length === 0 ? 0 : 1;
  } finally {
    await world.close();
  }
} finally {
  await Promise.all([postgres.remove(), redis.remove()]);
}
