import { afterEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { JournalStore } from '../../src/journal/journal.store.js';
import { SealingService } from '../../src/journal/tree/sealing.service.js';
import { StreamLimits } from '../../src/streams/stream-limits.js';
import type { EventBody, SessionBody } from '../support/client.js';
import { EventStream } from '../support/event-stream.js';
import { quietJournal } from '../support/quiet-journal.js';
import { onEveryStore, type World } from '../support/world.js';
import { waitFor } from '../support/wait-for.js';

const page = 'https://shop.example';

onEveryStore(
  'streams',
  (world) => {
    quietJournal(world);

    const opened: EventStream[] = [];
    afterEach(() => {
      for (const stream of opened.splice(0)) stream.close();
    });

    const open = async (path: string, headers: Record<string, string> = {}) => {
      const { url, client } = world();
      const key: Record<string, string> = path.includes('token=') ? {} : { authorization: `Bearer ${client.key}` };
      const stream = await EventStream.open(`${url}${path}`, { ...key, ...headers });
      opened.push(stream);
      return stream;
    };
    const ofSession = ({ id }: SessionBody, headers?: Record<string, string>) =>
      open(`/v1/sessions/${id}/stream`, headers);
    const selfie = ({ attempt }: SessionBody, outcome: 'SUCCESS' | 'FAILED') =>
      world().simulator.selfie({ digitString: attempt!.code!, outcome });
    const passed = async (scanRef: string) => {
      const { client } = world();
      const session = await client.create(scanRef, { reference: 'order-1', initiator: { ip: '203.0.113.7' } });
      await selfie(session, 'SUCCESS');
      return { session, events: await client.untilEvent(session.id, 'session.passed') };
    };

    describe('over a session', () => {
      it('tell what was, then what comes, and end after the final event', async () => {
        const { client } = world();
        const session = await client.create('streams-live', { reference: 'order-1' });
        const stream = await ofSession(session);
        expect(stream.status).toBe(200);
        expect(stream.headers).toMatchObject({
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store, no-transform',
          'x-accel-buffering': 'no',
          'x-request-id': expect.stringMatching(/^req_/),
        });
        await stream.atLeast(4);
        expect(stream.ended).toBe(null);
        await selfie(session, 'SUCCESS');
        const messages = await stream.untilEnd();
        const events = await client.events(session.id);
        expect(messages.map(({ data }) => data)).toEqual(events);
        expect(messages.map(({ id }) => id)).toEqual(events.map(({ position }) => `${position}`));
        expect(messages.map(({ event }) => event)).toEqual(events.map(({ type }) => type));
        expect(events.at(-1)?.type).toBe('session.passed');
      });

      it('can be resumed after any event, and have nothing left after the last', async () => {
        const { session, events } = await passed('streams-resume');
        for (const [index, { position }] of events.entries()) {
          const rest = events.slice(index + 1);
          const stream = await ofSession(session, { 'last-event-id': `${position}` });
          expect(stream.status).toBe(rest.length === 0 ? 204 : 200);
          expect((await stream.untilEnd()).map(({ data }) => data)).toEqual(rest);
        }
        const replayed = await ofSession(session);
        await replayed.untilEnd();
        expect(replayed.events).toEqual(events);
      });

      it('also show a later reader what came after the end', async () => {
        const { client, simulator } = world();
        const session = await client.create('streams-late');
        await client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
        await client.untilEvent(session.id, 'session.canceled');
        const canceled = (await client.events(session.id)).at(-1)!;
        await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
        await client.untilEvent(session.id, 'risk.flagged');
        const stream = await ofSession(session, { 'last-event-id': `${canceled.position}` });
        await stream.untilEnd();
        expect(stream.types).toEqual(['attempt.late-result', 'risk.flagged']);
      });

      it('begin after the position in the query, over which the header goes', async () => {
        const { session, events } = await passed('streams-query');
        const [first, second, third] = events.map(({ position }) => position);
        const from = async (query: string, headers?: Record<string, string>) => {
          const stream = await open(`/v1/sessions/${session.id}/stream?${query}`, headers);
          return (await stream.untilEnd())[0]?.data.position;
        };
        expect(await from(`after=${first}`)).toBe(second);
        expect(await from(`lastEventId=${second}&after=${first}`)).toBe(third);
        expect(await from(`after=${second}`, { 'last-event-id': `${first}` })).toBe(second);
      });

      it('are not there for sessions that are not', async () => {
        const { client } = world();
        for (const id of [`ses_${'0'.repeat(32)}`, 'nobody']) {
          await client.get(`/v1/sessions/${id}/stream`).expect(404, /"not-found"/);
        }
      });
    });

    describe('over all', () => {
      it('tell the journal from a position on, and go on', async () => {
        const { client, service } = world();
        const head = await service.service.app.get(JournalStore).head();
        const stream = await open(`/v1/events/stream?after=${head}`);
        const [one, two] = [await client.create('streams-all-1'), await client.create('streams-all-2')];
        await Promise.all([selfie(one, 'SUCCESS'), selfie(two, 'FAILED')]);
        await client.untilEvent(one.id, 'session.passed');
        await client.until(
          two.id,
          'the second code',
          ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued',
        );
        await client.untilEvent(two.id, 'attempt.issued');
        const { body } = await client.get(`/v1/events?after=${head}&limit=1000`).expect(200);
        const { data } = body as { data: EventBody[] };
        await stream.atLeast(data.length);
        expect(stream.events).toEqual(data);
        expect(stream.ended).toBe(null);
      });

      it('take the filters of the list', async () => {
        const { session, events } = await passed('streams-filters');
        const stream = await open(`/v1/events/stream?type=attempt.issued,session.passed&sessionId=${session.id}`);
        await stream.atLeast(2);
        expect(stream.events).toEqual(events.filter(({ type }) => ['attempt.issued', 'session.passed'].includes(type)));
        expect(stream.ended).toBe(null);
        const live = await open('/v1/events/stream?type=session.canceled&after=1');
        const another = await world().client.create('streams-filters-live');
        await world().client.post(`/v1/sessions/${another.id}/cancel`).expect(200);
        await waitFor(() => live.events.some(({ sessionId }) => sessionId === another.id), { what: 'the cancel' });
        expect(new Set(live.types)).toEqual(new Set(['session.canceled']));
      });

      it('wait at a position that is not there yet', async () => {
        const stream = await open('/v1/events/stream', { 'last-event-id': '9007199254740991' });
        const { session } = await passed('streams-beyond');
        await (await ofSession(session)).untilEnd();
        expect(stream).toMatchObject({ status: 200, messages: [], ended: null });
      });

      it.each([
        ['last-event-id', 'one'],
        ['last-event-id', '-1'],
        ['last-event-id', '9007199254740993'],
      ])('refuse %s: %s', async (name, value) => {
        await world()
          .client.get('/v1/events/stream')
          .set(name, value)
          .expect(400, /Last-Event-ID/);
      });

      it.each(['after=-1', 'lastEventId=x', 'type=session.exploded', 'limit=3', 'token=fct_x'])(
        'refuse ?%s',
        async (query) => {
          await world()
            .client.get(`/v1/events/stream?${query}`)
            .expect(400, /invalid-request/);
        },
      );
    });

    describe('with a client token', () => {
      it("show its own session in the user's view, and nothing of others", async () => {
        const { client } = world();
        const session = await client.create('streams-token', { reference: 'order-1' });
        const other = await client.create('streams-token-other');
        const token = session.clientToken!;
        const inQuery = await open(`/v1/sessions/${session.id}/stream?token=${token}`);
        const bearer = await ofSession(session, { authorization: `Bearer ${token}` });
        await selfie(session, 'SUCCESS');
        await Promise.all([inQuery.untilEnd(), bearer.untilEnd()]);
        const events = await client.events(session.id);
        expect(events[0]?.personal).toMatchObject({ reference: 'order-1' });
        const { id, seq, position, at } = events[3]!;
        const [sessionId, attemptId] = [session.id, session.attempt!.id];
        const data = { number: 1, from: 'issued' };
        const type = 'attempt.awaiting-selfie';
        expect(inQuery.events[3]).toEqual({ id, type, sessionId, attemptId, seq, position, at, data });
        expect(inQuery.types).toEqual(events.map((event) => event.type).filter((one) => one !== 'risk.flagged'));
        expect(bearer.events).toEqual(inQuery.events);

        const { url } = world();
        const ask = (path: string) => request(url).get(path);
        const live = other.clientToken!;
        await ask(`/v1/sessions/${session.id}/stream?token=${live}`).expect(404);
        await ask(`/v1/events/stream?token=${live}`).expect(401);
        await client.as(live).get('/v1/events/stream').expect(403);
        await ask(`/v1/sessions/${other.id}?token=${live}`).expect(401);
        await ask(`/v1/sessions/${other.id}/stream?token=${client.key}`).expect(401);
        await ask(`/v1/sessions/${other.id}/stream?token=${live}&token=${live}`).expect(401);
      });

      it('show the end to a page that was suspended while its user was in the iDenfy app', async () => {
        const { client } = world();
        const session = await client.create('streams-slept');
        const token = session.clientToken!;
        const awake = await open(`/v1/sessions/${session.id}/stream?token=${token}`);
        const last = (await awake.atLeast(4)).at(-1)!;
        awake.close();
        await selfie(session, 'SUCCESS');
        await client.untilEvent(session.id, 'session.passed');
        const back = await open(`/v1/sessions/${session.id}/stream?token=${token}`, { 'last-event-id': last.id });
        expect(back.status).toBe(200);
        expect((await back.untilEnd()).map(({ event }) => event).at(-1)).toBe('session.passed');
        const all = await open(`/v1/sessions/${session.id}/stream?token=${token}`, {
          'last-event-id': back.messages.at(-1)!.id,
        });
        expect(all.status).toBe(204);
        const page = client.as(token);
        expect((await page.session(session.id)).status).toBe('passed');
        await page.post(`/v1/sessions/${session.id}/code`).expect(409, /session-closed/);
      });

      it('end 15 minutes after the session, and the token is then refused with its own reason', async () => {
        const { client, database } = world();
        const session = await client.create('streams-token-ended');
        const token = session.clientToken!;
        await client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
        const endedAgo = (interval: string) =>
          database.query('update sessions set ended_at = now() - $2::interval where id = $1', [session.id, interval]);
        const { endedAt } = await client.session(session.id);
        try {
          await endedAgo('13 minutes');
          await client.as(token).get(`/v1/sessions/${session.id}`).expect(200);
          await endedAgo('15 minutes');
          for (const [method, path] of [
            ['get', ''],
            ['get', '/stream'],
            ['post', '/code'],
          ] as const) {
            const refused = await client.as(token)[method](`/v1/sessions/${session.id}${path}`).expect(401);
            const { detail } = refused.body as { detail: string };
            expect(detail).toMatch(/client token .*15 minutes/);
            expect(detail).not.toMatch(/Idenfy/);
          }
        } finally {
          await database.query('update sessions set ended_at = $2 where id = $1', [session.id, endedAt]);
        }
      });

      it('end when the token or the key that opened them is no longer live', async () => {
        const { client, database } = world();
        const session = await client.create('streams-expiry');
        const { body } = await client.post('/v1/api-keys', { name: 'reader', scopes: ['audit'] }).expect(201);
        const { id, key } = body as { id: string; key: string };
        const timing = timingOf(world());
        const before = { ...timing };
        timing.recheckMs = 50;
        try {
          const token = await open(`/v1/sessions/${session.id}/stream?token=${session.clientToken}`);
          const reader = await open('/v1/events/stream', { authorization: `Bearer ${key}` });
          expect([token.status, reader.status]).toEqual([200, 200]);
          await client.as(client.key).get('/v1/sessions').expect(200);
          await request(world().url)
            .delete(`/v1/api-keys/${id}`)
            .set('authorization', `Bearer ${client.key}`)
            .expect(204);
          // No final event ends this stream, so only the end of the token can.
          await database.query(`update sessions set ended_at = now() - interval '15 minutes' where id = $1`, [
            session.id,
          ]);
          await Promise.all([token.untilEnd(), reader.untilEnd()]);
        } finally {
          Object.assign(timing, before);
          await database.query('update sessions set ended_at = null where id = $1', [session.id]);
        }
      });

      it('are few for one token', async () => {
        const session = await world().client.create('streams-token-many');
        const streams = [];
        for (let n = 0; n < 11; n += 1) {
          streams.push(await open(`/v1/sessions/${session.id}/stream?token=${session.clientToken}`));
        }
        expect(streams.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 200), 429]);
      });
    });

    it('may be opened from the pages of CORS_ORIGINS with a client token, and nothing else may', async () => {
      const { url, client } = world();
      const session = await client.create('streams-cors');
      const preflight = (path: string, method: string, origin = page) =>
        request(url)
          .options(path)
          .set({ origin, 'access-control-request-method': method, 'access-control-request-headers': 'authorization' });
      for (const [path, method] of [
        [`/v1/sessions/${session.id}/stream`, 'GET'],
        [`/v1/sessions/${session.id}`, 'GET'],
        [`/v1/sessions/${session.id}/code`, 'POST'],
      ] as const) {
        const { headers } = await preflight(path, method).expect(204);
        expect(headers['access-control-allow-origin']).toBe(page);
        expect(headers['access-control-allow-headers']).toContain('authorization');
        expect(headers['access-control-allow-credentials']).toBe(undefined);
        const foreign = await preflight(path, method, 'https://evil.example');
        expect(foreign.headers['access-control-allow-origin']).toBe(undefined);
      }
      for (const path of [`/v1/sessions/${session.id}/cancel`, '/v1/sessions', '/v1/events', '/v1/api-keys']) {
        const { headers } = await preflight(path, 'POST').expect(404);
        expect(headers['access-control-allow-origin']).toBe(undefined);
      }
      const stream = await open(`/v1/sessions/${session.id}/stream?token=${session.clientToken}`, { origin: page });
      expect(stream.headers).toMatchObject({
        'access-control-allow-origin': page,
        vary: expect.stringMatching(/origin/i),
      });
      // A page has to be able to read why not.
      const refused = await request(url).get(`/v1/sessions/${session.id}`).set('origin', page).expect(401);
      expect(refused.headers['access-control-allow-origin']).toBe(page);
    });

    it('send a comment now and then', async () => {
      const timing = timingOf(world());
      expect(timing.heartbeatMs).toBe(15_000);
      timing.heartbeatMs = 50;
      const stream = await open('/v1/events/stream', { 'last-event-id': '9007199254740991' });
      timing.heartbeatMs = 15_000;
      await waitFor(() => stream.comments >= 3, { what: 'three comments' });
    });

    it('drop a reader that takes nothing, which can go on where it was', async () => {
      const { client } = world();
      const head = await fill(world(), 40);
      const timing = timingOf(world());
      const metric = async () => {
        const { text } = await client.get('/metrics').expect(200);
        return Number(/^facecode_streams_dropped_total (\d+)$/m.exec(text)?.[1]);
      };
      const before = await metric();
      timing.drainWithinMs = 300;
      const stuck = await open(`/v1/events/stream?after=${head}`);
      timing.drainWithinMs = 10_000;
      stuck.stopReading();
      const healthy = await open(`/v1/events/stream?after=${head}`);
      const end = await fill(world(), 800);
      await waitFor(async () => (await metric()) === before + 1, {
        what: 'the reader to be dropped',
      });
      await waitFor(() => healthy.messages.at(-1)?.id === `${end}`, {
        what: 'the other one to have all',
      });
      expect(healthy.messages.map(({ id }) => Number(id))).toEqual(
        Array.from({ length: end - head }, (_, index) => head + index + 1),
      );
      const resumed = await open('/v1/events/stream', { 'last-event-id': `${end - 150}` });
      await resumed.atLeast(150);
      expect(resumed.messages.map(({ id }) => id)).toEqual(healthy.messages.slice(-150).map(({ id }) => id));
    });
  },
  { CORS_ORIGINS: `${page},http://localhost:5173` },
);

const timingOf = ({ service }: World): StreamLimits => service.service.app.get(StreamLimits);

/** So many events of some 20 KB: the sockets of the two ends hold a few MB. @returns the position of the last */
async function fill({ service, database }: World, count: number): Promise<number> {
  const { app } = service.service;
  const journal = app.get(JournalStore);
  const data = { webhookId: 'whk_x', digest: 'x'.repeat(20_000), eventType: null, reason: 'filling' };
  const events = Array.from({ length: 40 }, () => ({ type: 'webhook.quarantined' as const, attemptId: null, data }));
  for (let made = 0; made < count; made += events.length) {
    await database.transaction((tx) =>
      journal.appendLoose(tx, events, new Date(), { kind: 'system', id: 'test' }, null),
    );
  }
  await app.get(SealingService).sealAll();
  return journal.head();
}
