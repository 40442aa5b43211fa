/**
 * Streams from one service process on PostgreSQL and Redis of their own: what an open one costs, and how long after an
 * event is made its readers have it.
 *
 *   node test/bench/streams.bench.mjs --streams 2000 --events 200
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { loadTypeScript } from '../support/typescript-loader.mjs';

loadTypeScript();
const { startPostgres, createDatabase } = await import('../support/postgres.ts');
const { startRedis } = await import('../support/redis.ts');
const { openProcessWorld } = await import('../support/process-world.ts');
const { waitFor } = await import('../support/wait-for.ts');

const { values } = parseArgs({
  options: { streams: { type: 'string', default: '2000' }, events: { type: 'string', default: '200' } },
});
const streams = Number(values.streams);
const events = Number(values.events);
/** Streams for each session: two pages and two servers, say. */
const perSession = 4;
/** As many as one key may have open. */
const streamsPerKey = 1000;
const agent = new Agent({ maxSockets: Infinity });

/** Takes what comes and notes how old each event is then, in milliseconds. */
class Reader {
  ages = [];
  closed = false;
  #rest = '';

  constructor(response) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('close', () => (this.closed = true));
    response.on('data', (text) => {
      const blocks = (this.#rest + text).split('\n\n');
      this.#rest = blocks.pop();
      for (const block of blocks) {
        const at = /"at":"([^"]+)"/.exec(block)?.[1];
        if (at) this.ages.push(Date.now() - Date.parse(at));
      }
    });
  }
}

async function openStream({ url, key }, path) {
  const asked = request(`${url}${path}`, { agent, headers: { authorization: `Bearer ${key}` } });
  asked.end();
  const [response] = await once(asked, 'response');
  if (response.statusCode !== 200) throw new Error(`a stream was answered ${response.statusCode}`);
  return new Reader(response);
}

async function inBatches(items, size, work) {
  const results = [];
  for (let at = 0; at < items.length; at += size) {
    results.push(...(await Promise.all(items.slice(at, at + size).map(work))));
  }
  return results;
}

async function residentKb(client) {
  const { text } = await client.get('/metrics').expect(200);
  return Number(/^facecode_process_resident_memory_bytes (\S+)$/m.exec(text)[1]) / 1024;
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

function report(what, ages) {
  const sorted = ages.toSorted((a, b) => a - b);
  const [p50, p99, max] = [quantile(sorted, 0.5), quantile(sorted, 0.99), sorted.at(-1)];
  console.log(`${what}: ${sorted.length} deliveries, p50 ${p50} ms, p99 ${p99} ms, max ${max} ms after the event`);
}

/** Once for a moment nothing has come any more. */
async function settled(readers) {
  const all = () => readers.reduce((sum, { ages }) => sum + ages.length, 0);
  for (let [before, now] = [-1, all()]; before !== now; [before, now] = [now, all()]) {
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Opens, measures, makes events, measures. */
async function measure(what, client, keys, paths, makeEvents, expected) {
  await waitFor(async () => !/^facecode_streams_open\S* [1-9]/m.test((await client.get('/metrics')).text), {
    what: 'the streams before to be gone',
  });
  const before = await residentKb(client);
  const openedAt = Date.now();
  const asked = paths.map((path, n) => [path, keys[Math.floor(n / streamsPerKey)]]);
  const readers = await inBatches(asked, 100, ([path, key]) => openStream(client.as(key), path));
  const openedMs = Date.now() - openedAt;
  const after = await residentKb(client);
  // What was there before is told first.
  await settled(readers);
  for (const reader of readers) reader.ages.length = 0;
  const perStream = ((after - before) / readers.length).toFixed(1);
  console.log(`${what}: ${readers.length} streams opened in ${openedMs} ms, ${perStream} KB resident memory each`);
  await makeEvents();
  const all = () => readers.reduce((sum, { ages }) => sum + ages.length, 0);
  await waitFor(() => all() >= expected, { what: `${expected} deliveries`, withinSeconds: 120 });
  if (all() !== expected) throw new Error(`${all()} deliveries instead of ${expected}`);
  report(
    what,
    readers.flatMap(({ ages }) => ages),
  );
  for (const { response } of readers) response.destroy();
}

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
    const { client } = await world.start();
    const keys = [];
    for (let n = 0; n < streams; n += streamsPerKey) {
      const { body } = await client.post('/v1/api-keys', { name: `bench-${n}`, scopes: ['audit'] }).expect(201);
      keys.push(body.key);
    }
    const numbers = Array.from({ length: Math.ceil(streams / perSession) }, (_, n) => n);
    const sessions = await inBatches(numbers, 16, (n) => client.create(`bench-${n}`));
    for (const { id } of sessions.slice(-16)) await client.untilEvent(id, 'attempt.awaiting-selfie');
    // Two events each: the attempt is void, the session canceled. So many at once, one batch after the other.
    const cancel = (some) => () => inBatches(some, 4, ({ id }) => client.post(`/v1/sessions/${id}/cancel`).expect(200));
    const half = Math.floor(Math.min(events / 2, sessions.length / 2));

    const { body } = await client.get('/v1/events?type=session.canceled').expect(200);
    const overAll = Array.from({ length: streams }, () => `/v1/events/stream?after=${body.lastPosition}`);
    await measure('over all', client, keys, overAll, cancel(sessions.slice(0, half)), 2 * half * streams);

    const open = sessions.slice(half);
    const overSessions = Array.from({ length: streams }, (_, n) => `/v1/sessions/${open[n % open.length].id}/stream`);
    const ended = open.slice(0, half);
    const watching = overSessions.filter((path) => ended.some(({ id }) => path.includes(id))).length;
    await measure('over a session', client, keys, overSessions, cancel(ended), 2 * watching);
  } finally {
    await world.close();
  }
} finally {
  await Promise.all([postgres.remove(), redis.remove()]);
  agent.destroy();
}
