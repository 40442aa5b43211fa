/** One PostgreSQL and one Redis for all suites of a run; a suite that breaks its server starts its own. */
import { startPostgres } from './postgres.js';
import { postgresPrograms, redisPrograms } from './programs.js';
import { startRedis } from './redis.js';
import type { ServerProcess } from './server-process.js';

const servers = {
  postgres: {
    variable: 'FACECODE_TEST_POSTGRES_URL',
    program: 'PostgreSQL (initdb, postgres)',
    found: () => postgresPrograms() !== null,
    start: startPostgres,
  },
  redis: {
    variable: 'FACECODE_TEST_REDIS_URL',
    program: 'redis-server',
    found: () => redisPrograms() !== null,
    start: startRedis,
  },
} as const;

const started: ServerProcess[] = [];

/** Puts the addresses into the environment, where the test workers find them. Servers named there are used as they are. */
export async function startSharedServers(): Promise<void> {
  // Jest ends without its teardown when it is interrupted or when this setup fails.
  process.once('exit', () => started.forEach((server) => server.abandon()));
  const missing: string[] = [];
  for (const [name, { variable, program, found, start }] of Object.entries(servers)) {
    if (process.env[variable]) continue;
    if (!found()) {
      missing.push(`${program} is not installed: suites that need ${name} are skipped`);
      continue;
    }
    const server = await start();
    started.push(server);
    process.env[variable] = server.url;
  }
  if (missing.length > 0 && process.env.CI === 'true') throw new Error(`with CI=true: ${missing.join('; ')}`);
  for (const line of missing) process.stderr.write(`${line}\n`);
}

export async function stopSharedServers(): Promise<void> {
  await Promise.all(started.splice(0).map((server) => server.remove()));
}
