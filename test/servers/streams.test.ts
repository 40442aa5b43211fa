import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { EventStream } from '../support/event-stream.js';
import { openProcessWorld, type ProcessWorld, type Running } from '../support/process-world.js';
import { describeServers } from '../support/servers.js';

describeServers('streams of service processes that share PostgreSQL and Redis', ['postgres', 'redis'], () => {
  let world: ProcessWorld;
  let [one, two]: [Running, Running] = [] as never;
  beforeEach(async () => {
    world = await openProcessWorld('servers');
    [one, two] = await Promise.all([world.start(), world.startAnother({ STREAMS_MAX: '20' })]);
  });
  afterEach(() => world.close());

  const open = ({ client }: Running, path: string, lastEventId = '0') =>
    EventStream.open(`${client.url}${path}`, { authorization: `Bearer ${client.key}`, 'last-event-id': lastEventId });

  it('tell what happened in another, end when theirs stops, and go on elsewhere', async () => {
    const session = await one.client.create('streams-replicas');
    const path = `/v1/sessions/${session.id}/stream`;
    const streams = await Promise.all([open(two, path), open(two, '/v1/events/stream')]);
    await Promise.all(streams.map((stream) => stream.atLeast(4)));
    const waiting = two.client.get('/v1/events?after=1000&wait=30').expect(200);
    // It is sent only when somebody waits for it.
    const polled = waiting.then(({ body }) => body as object);
    await two.client.get('/healthz').expect(200);
    const { code } = await two.stop();
    expect(code).toBe(0);
    const before = await Promise.all(streams.map((stream) => stream.untilEnd()));
    expect(await polled).toMatchObject({ data: [], hasMore: false });

    await world.simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
    const events = await one.client.untilEvent(session.id, 'session.passed');
    const rest = await (await open(one, path, before[0]!.at(-1)!.id)).untilEnd();
    expect([...before[0]!, ...rest].map(({ data }) => data)).toEqual(events);
  });

  it('are refused beyond STREAMS_MAX, until one has gone', async () => {
    const streams = await Promise.all(Array.from({ length: 20 }, () => open(two, '/v1/events/stream')));
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200));
    const refused = await two.client.get('/v1/events/stream').expect(503, /"overloaded"/);
    expect(refused.headers['retry-after']).toBe('2');
    await one.client.get('/v1/events').expect(200);
    streams[0]!.close();
    let again = await open(two, '/v1/events/stream');
    while (again.status !== 200) again = await open(two, '/v1/events/stream');
    for (const stream of [...streams, again]) stream.close();
  });
});
