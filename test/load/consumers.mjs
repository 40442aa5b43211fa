/**
 * Consumers that are killed, restarted, slow and wrong at random while sessions run on two service processes.
 *
 *   node test/load/consumers.mjs --sessions 5000
 */
import { parseArgs } from 'node:util';
import { loadTypeScript } from '../support/typescript-loader.mjs';

loadTypeScript();
const { startPostgres, createDatabase } = await import('../support/postgres.ts');
const { startRedis } = await import('../support/redis.ts');
const { openProcessWorld } = await import('../support/process-world.ts');
const { runConsumers } = await import('../support/consumed.ts');

const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({ options: { sessions: text('5000'), seed: text('1'), patience: text('400') } });
const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
try {
  const { url } = await createDatabase(postgres.url);
  const world = await openProcessWorld('given', {
    DATABASE_URL: url,
    REDIS_URL: redis.url,
    EGRESS_ALLOW: '127.0.0.0/8',
    IDENFY_REQUESTS_PER_HOUR: '10000000',
    RATE_LIMIT_PER_KEY_PER_MINUTE: '0',
    LOG_LEVEL: 'error',
  });
  try {
    const processes = [await world.start(), await world.startAnother()];
    const startedAt = Date.now();
    const { sessions, events, taken, faults } = await runConsumers(
      processes.map(({ client }) => client),
      world.simulator,
      { sessions: Number(values.sessions), patienceSeconds: Number(values.patience), seed: Number(values.seed) },
    );
    console.log(`${sessions} sessions, ${events} events in ${Math.round((Date.now() - startedAt) / 1000)} s`);
    for (const [name, { events: got, repeated }] of Object.entries(taken)) {
      console.log(`  ${name.padEnd(20)} ${got} events, ${repeated} came again`);
    }
    for (const fault of faults) console.log(`  FAULT ${fault}`);
    console.log(faults.length === 0 ? 'every consumer has exactly the journal' : 'broken');
    process.exitCode = faults.length === 0 ? 0 : 1;
  } finally {
    await world.close();
  }
} finally {
  await Promise.all([postgres.remove(), redis.remove()]);
}
