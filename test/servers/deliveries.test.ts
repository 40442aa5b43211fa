/** Deliveries by several processes, through faults, and beside consumers that do not answer. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createEndpoint, deliveriesOf, untilDeliveries } from '../support/endpoints.js';
import { openProcessWorld, type ProcessWorld, type Running } from '../support/process-world.js';
import { type Receiver, type ReceivedRequest, startReceiver, verify } from '../support/receiver.js';
import { startRedis } from '../support/redis.js';
import type { ServerProcess } from '../support/server-process.js';
import { describeServers } from '../support/servers.js';
import { waitFor } from '../support/wait-for.js';
import type { EventBody } from '../support/client.js';

const toReceivers = { EGRESS_ALLOW: '127.0.0.0/8' };

describeServers('deliveries of service processes that share PostgreSQL and Redis', ['postgres', 'redis'], () => {
  let redis: ServerProcess;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.remove());

  let world: ProcessWorld;
  let receiver: Receiver;
  beforeEach(async () => {
    world = await openProcessWorld('servers', { ...toReceivers, REDIS_URL: redis.url });
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await world.close();
    await receiver.close();
  });

  const sessions = (clients: readonly Running[], count: number, name: string): Promise<EventBody[][]> =>
    Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const { client } = clients[n % clients.length]!;
        const { id } = await client.create(`${name}-${n}`);
        return client.untilEvent(id, 'attempt.awaiting-selfie');
      }),
    );

  const untilAll = (events: readonly EventBody[], path: string) => {
    const missing = () => {
      const got = new Set(receiver.requests.filter((request) => request.path === path).map(({ event }) => event.id));
      return events.filter(({ id }) => !got.has(id));
    };
    return waitFor(() => missing().length === 0, { what: `${events.length} events at ${path}` });
  };

  /** By session, the seq of each event in the order of first arrival. */
  const firstTries = (requests: readonly ReceivedRequest[], path: string): number[][] => {
    const seen = new Set<string>();
    const bySession = new Map<string, number[]>();
    for (const request of requests.filter((one) => one.path === path)) {
      const { id, sessionId, seq } = request.event;
      if (seen.has(id) || sessionId === null || seq === null) continue;
      seen.add(id);
      bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), seq]);
    }
    return [...bySession.values()];
  };

  const expectInOrder = (path: string, count: number) => {
    const seqs = firstTries(receiver.requests, path);
    expect(seqs).toHaveLength(count);
    for (const list of seqs) expect(list).toEqual(list.map((_, index) => index + 1));
  };

  it('are not lost to an endpoint that is recovered while the journal is read for those enabled before', async () => {
    const { client } = await world.start();
    const { id, path } = await createEndpoint(client, receiver);
    await client.patch(`/v1/endpoints/${id}`, { disabled: true }).expect(200);
    const events = (await sessions([{ client } as Running], 1, 'read-on')).flat();
    const [reading, looking] = [1, 2].map(() => new pg.Client({ connectionString: world.variables.DATABASE_URL }));
    await Promise.all([reading!.connect(), looking!.connect()]);
    const cursor = async () => Number((await looking!.query('select position from delivery_cursor')).rows[0].position);
    const last = events.at(-1)!.position;
    await waitFor(async () => (await cursor()) >= last, { what: 'the journal to be read' });
    // A process reads these events while the endpoint is still disabled, and commits after it was enabled.
    await looking!.query('update delivery_cursor set position = $1', [events[0]!.position - 1]);
    await reading!.query('begin');
    await reading!.query('update delivery_cursor set position = $1', [last]);
    await client.patch(`/v1/endpoints/${id}`, { disabled: false }).expect(200);
    const recovered = client.post(`/v1/endpoints/${id}/recover`, { since: 0 }).then((answer) => answer);
    const waits = `select from pg_stat_activity where datname = current_database() and query like '%for share'
                      and cardinality(pg_blocking_pids(pid)) > 0`;
    const answered = recovered.then(() => true);
    const waiting = waitFor(async () => (await looking!.query(waits)).rowCount, { what: 'the recovery to wait' });
    await Promise.race([answered, waiting]);
    await reading!.query('commit');
    expect((await recovered).status).toBe(202);
    await untilAll(events, path);
    await Promise.all([reading!.end(), looking!.end()]);
  });

  it('are made at least once each, and begin in the order of their sessions', async () => {
    const running = await Promise.all([world.start(), world.startAnother()]);
    const { client } = running[0];
    const endpoints = [await createEndpoint(client, receiver), await createEndpoint(client, receiver)];
    // One in ten is refused when it comes first.
    const isNew = ({ path, event }: ReceivedRequest) =>
      receiver.requests.filter((one) => one.path === path && one.event.id === event.id).length === 1;
    receiver.behave((request) => ({ status: receiver.requests.length % 10 === 0 && isNew(request) ? 500 : 200 }));
    const events = (await sessions(running, 24, 'shared-deliveries')).flat();
    for (const { path, id, secret } of endpoints) {
      await untilAll(events, path);
      expectInOrder(path, 24);
      const [sample] = receiver.requests.filter((request) => request.path === path);
      verify(secret, sample!);
      await untilDeliveries(client, id, 'delivered', events.length);
    }
  });

  it('survive kill -9 and the loss of all data in Redis', async () => {
    const running = await world.start();
    const { id, path } = await createEndpoint(running.client, receiver);
    receiver.behave(() => (receiver.requests.length > 5 ? 'hang' : {}));
    const events = (await sessions([running], 8, 'killed-deliveries')).flat();
    await waitFor(() => receiver.requests.length > 5, { what: 'a delivery under way' });
    await running.kill();
    const flushing = new Redis(redis.url);
    await flushing.flushall();
    await flushing.quit();
    receiver.behave({});
    const again = await world.start();
    await untilAll(events, path);
    expectInOrder(path, 8);
    await untilDeliveries(again.client, id, 'delivered', events.length);
  });

  it('are not sent again by a process that was paused while another process sent them', async () => {
    const paused = await world.start();
    const { client } = paused;
    const { id, path } = await createEndpoint(client, receiver);
    const sql = new pg.Client({ connectionString: world.variables.DATABASE_URL });
    await sql.connect();
    try {
      await sql.query(`update endpoints set pace = 1, held_until = now() + interval '1 hour'`);
      const events = (await sessions([paused], 8, 'paused-deliveries')).flat();
      await untilDeliveries(client, id, 'pending', events.length);
      // The process claims eight deliveries and waits for their bodies. It is paused there.
      await sql.query('begin');
      await sql.query('lock table subject_keys in access exclusive mode');
      const other = new pg.Client({ connectionString: world.variables.DATABASE_URL });
      await other.connect();
      await other.query('update endpoints set pace = null, held_until = null');
      const taken = async () =>
        (await other.query('select from deliveries where leased_until > now()')).rowCount === 8 || null;
      await waitFor(taken, { what: 'eight deliveries to be taken' });
      process.kill(paused.pid, 'SIGSTOP');
      await other.end();
      await sql.query('rollback');

      const running = await world.startAnother();
      await untilAll(events, path);
      await untilDeliveries(running.client, id, 'delivered', events.length);
      process.kill(paused.pid, 'SIGCONT');
      // The process answers and works again, so its earlier claims have ended.
      const after = (await sessions([{ ...paused, client }], 2, 'after-the-pause')).flat();
      await untilAll(after, path);

      const ids = receiver.requests.map(({ event }) => event.id);
      expect(ids.filter((one, index) => ids.indexOf(one) !== index)).toEqual([]);
      expectInOrder(path, 10);
      // The tries that the paused process may have made are recorded.
      const done = await deliveriesOf(running.client, id, 'delivered');
      const unknown = done.filter(({ attempts }) => attempts.some(({ error }) => error === 'outcome-unknown'));
      expect(unknown).toHaveLength(8);
    } finally {
      process.kill(paused.pid, 'SIGCONT');
      await sql.end();
    }
  });

  it('are not held up by an endpoint that hangs and one that is dead', async () => {
    const running = await world.start();
    const { client } = running;
    const gone = await startReceiver();
    const [hanging, ...healthy] = await Promise.all(Array.from({ length: 6 }, () => createEndpoint(client, receiver)));
    const dead = await createEndpoint(client, gone);
    await gone.close();
    receiver.behave(({ path }) => (path === hanging!.path ? 'hang' : {}));
    const events = (await sessions([running], 10, 'fair')).flat();
    for (const { path } of healthy) await untilAll(events, path);
    // All of that while the other two had theirs under way or lost.
    const [refused] = await untilDeliveries(client, dead.id, 'pending');
    expect(refused).toBeDefined();
    expect(receiver.requests.some(({ path }) => path === hanging!.path)).toBe(true);
    // The hanging one is cut off after 15 s.
    const timedOut = async () => {
      const pending = await untilDeliveries(client, hanging!.id, 'pending');
      return pending.find(({ attempts }) => attempts.length > 0);
    };
    const tried = await waitFor(timedOut, { what: 'the deadline' });
    expect(tried.attempts[0]).toMatchObject({ status: null, error: 'timeout' });
    expect(tried.attempts[0]!.durationSeconds).toBeGreaterThanOrEqual(14.9);
  });
});
