/**
 * Whether endpoints that do not answer slow the others down: the time from an event to its arrival at 18 endpoints, in
 * runs without and with one that hangs and one that is dead beside them. Open loop: sessions are asked for by the clock.
 *
 *   node test/bench/deliveries.bench.mjs --per-second 2 --seconds 20 --rounds 2
 */
import { parseArgs } from 'node:util';
import { loadTypeScript } from '../support/typescript-loader.mjs';

loadTypeScript();
const { startPostgres, createDatabase } = await import('../support/postgres.ts');
const { startRedis } = await import('../support/redis.ts');
const { openProcessWorld } = await import('../support/process-world.ts');
const { startReceiver } = await import('../support/receiver.ts');
const { createEndpoint } = await import('../support/endpoints.ts');
const { waitFor } = await import('../support/wait-for.ts');

const text = (value) => ({ type: 'string', default: value });
const { values } = parseArgs({ options: { 'per-second': text('2'), seconds: text('20'), rounds: text('2') } });
const [perSecond, seconds, rounds] = [values['per-second'], values.seconds, values.rounds].map(Number);
const healthyCount = 18;
const eventsOfSession = 4;

const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
const receiver = await startReceiver();
const gone = await startReceiver();
try {
  const { url } = await createDatabase(postgres.url);
  const world = await openProcessWorld('given', {
    DATABASE_URL: url,
    REDIS_URL: redis.url,
    EGRESS_ALLOW: '127.0.0.0/8',
    IDENFY_REQUESTS_PER_HOUR: '10000000',
    LOG_LEVEL: 'error',
  });
  try {
    const { client } = await world.start();
    const healthy = await Promise.all(Array.from({ length: healthyCount }, () => createEndpoint(client, receiver)));
    const paths = new Set(healthy.map(({ path }) => path));
    const latencies = { without: [], with: [] };
    await run(client, paths, 'warm-up', 5);
    for (let round = 1; round <= rounds; round += 1) {
      latencies.without.push(...(await run(client, paths, `without-${round}`, seconds)));
      const hanging = await createEndpoint(client, receiver);
      const dead = await createEndpoint(client, gone);
      if (round === 1) await gone.close();
      receiver.behave(({ path }) => (path === hanging.path ? 'hang' : {}));
      latencies.with.push(...(await run(client, paths, `with-${round}`, seconds)));
      await Promise.all([hanging, dead].map(({ id }) => client.delete(`/v1/endpoints/${id}`)));
    }
    const [without, withThem] = [latencies.without, latencies.with].map((all) => all.toSorted((a, b) => a - b));
    const p = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
    console.log(`${perSecond} sessions a second to ${healthyCount} endpoints; event to arrival, milliseconds`);
    console.log('       without them   with one hanging and one dead   ratio');
    for (const [name, part] of [
      ['p50', 0.5],
      ['p90', 0.9],
      ['p99', 0.99],
    ]) {
      const [a, b] = [p(without, part), p(withThem, part)];
      console.log(`${name} ${String(a).padStart(14)} ${String(b).padStart(30)} ${(b / a).toFixed(2).padStart(7)}`);
    }
    console.log(`arrivals ${without.length} and ${withThem.length}, none missing`);
  } finally {
    await world.close();
  }
} finally {
  await receiver.close();
  await Promise.all([postgres.remove(), redis.remove()]);
}

/** @returns milliseconds from each event to its first arrival, for every healthy endpoint */
async function run(client, paths, name, forSeconds) {
  const from = receiver.requests.length;
  const count = perSecond * forSeconds;
  const asked = [];
  const start = Date.now();
  for (let n = 0; n < count; n += 1) {
    const wait = start + (n * 1000) / perSecond - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    asked.push(client.create(`${name}-${n}`));
  }
  const ids = new Set((await Promise.all(asked)).map(({ id }) => id));
  const expected = count * eventsOfSession * paths.size;
  const arrivals = () => {
    const first = new Map();
    for (const { path, event, receivedAt } of receiver.requests.slice(from)) {
      const key = `${path} ${event.id}`;
      if (paths.has(path) && ids.has(event.sessionId) && !first.has(key)) {
        first.set(key, receivedAt - Date.parse(event.at));
      }
    }
    return [...first.values()];
  };
  await waitFor(() => receiver.requests.length - from >= expected && arrivals().length >= expected, {
    what: `${expected} arrivals`,
    withinSeconds: 60,
  });
  return arrivals();
}
