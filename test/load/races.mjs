/**
 * Races of webhook, deadline and cancel from two service processes on PostgreSQL and Redis of their own.
 *
 *   node test/load/races.mjs --rounds 10000
 */
import { parseArgs } from 'node:util';
import { loadTypeScript } from '../support/typescript-loader.mjs';

loadTypeScript();
const { startPostgres, createDatabase } = await import('../support/postgres.ts');
const { startRedis } = await import('../support/redis.ts');
const { openProcessWorld } = await import('../support/process-world.ts');
const { runRaces } = await import('../support/races.ts');

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10000' } } });
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
    const processes = [await world.start(), await world.startAnother()];
    const startedAt = Date.now();
    const { rounds, won, faults } = await runRaces(world, processes, Number(values.rounds));
    console.log(
      `${rounds} races from ${processes.length} processes in ${Math.round((Date.now() - startedAt) / 1000)} s`,
    );
    for (const [status, count] of Object.entries(won).sort()) console.log(`  ${status.padEnd(10)} ${count}`);
    for (const fault of faults) console.log(`  FAULT ${fault}`);
    console.log(faults.length === 0 ? 'one verdict each, journal consistent' : 'broken');
    process.exitCode = faults.length === 0 ? 0 : 1;
  } finally {
    await world.close();
  }
} finally {
  await Promise.all([postgres.remove(), redis.remove()]);
}
