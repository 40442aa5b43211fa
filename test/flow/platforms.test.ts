/** Two platforms on one deployment: what a key of one may see and touch of the other. Every route is walked. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { linesOf } from '../../src/journal/export/lines.js';
import { parseTrustedKey } from '../../src/journal/export/trusted-key.js';
import { type ExportVerdict, verifyExport } from '../../src/journal/export/verify-file.js';
import type { Client, EventBody, SessionBody } from '../support/client.js';
import { createEndpoint, type CreatedEndpoint, deliveriesOf } from '../support/endpoints.js';
import { EventStream } from '../support/event-stream.js';
import { checkPlatformExport } from '../support/independent-verifier.js';
import { type Receiver, startReceiver } from '../support/receiver.js';
import { sendWebhook } from '../support/webhook.js';
import { waitFor } from '../support/wait-for.js';
import { onEveryStore } from '../support/world.js';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Routes with an id in their path: the kind of the id, and a body that is valid. */
const byId: Record<string, { of: keyof Ids; body?: object }> = {
  'get /v1/sessions/{id}': { of: 'session' },
  'post /v1/sessions/{id}/code': { of: 'session' },
  'post /v1/sessions/{id}/attempts': { of: 'session' },
  'post /v1/sessions/{id}/cancel': { of: 'session' },
  'get /v1/sessions/{id}/stream': { of: 'session' },
  'get /v1/sessions/{id}/evidence': { of: 'ended' },
  'post /v1/sessions/{id}/review': { of: 'held', body: { decision: 'pass', note: 'a friend of mine' } },
  'post /v1/sessions/{id}/review/claim': { of: 'held' },
  'post /v1/sessions/{id}/review/release': { of: 'held' },
  'post /v1/sessions/{id}/review/notes': { of: 'held', body: { note: 'I was here' } },
  'get /v1/reviews/{sessionId}': { of: 'held' },
  'get /v1/subjects/{scanRef}': { of: 'scanRef' },
  'post /v1/subjects/{scanRef}/release': { of: 'scanRef' },
  'post /v1/webhooks/{id}/replay': { of: 'webhook' },
  'get /v1/journal/proof/{eventId}': { of: 'event' },
  'get /v1/endpoints/{id}': { of: 'endpoint' },
  'patch /v1/endpoints/{id}': { of: 'endpoint', body: { disabled: true } },
  'delete /v1/endpoints/{id}': { of: 'endpoint' },
  'post /v1/endpoints/{id}/rotate-secret': { of: 'endpoint', body: {} },
  'post /v1/endpoints/{id}/test': { of: 'endpoint' },
  'post /v1/endpoints/{id}/recover': { of: 'endpoint', body: { since: 0 } },
  'get /v1/endpoints/{id}/deliveries': { of: 'endpoint' },
  'get /v1/deliveries/{id}': { of: 'delivery' },
  'post /v1/deliveries/{id}/retry': { of: 'delivery' },
};

/** Routes that show many things. `/v1/events/stream` is an endless one, and has a test of its own. */
const lists: Record<string, string> = {
  'get /v1/sessions': '?limit=200',
  'get /v1/reviews': '?limit=200',
  'get /v1/attempts': '?limit=200',
  'get /v1/attempts/summary': '',
  'get /v1/webhooks': '?limit=200',
  'get /v1/events': '?limit=1000',
  'get /v1/events/stream': '',
  'get /v1/endpoints': '?limit=200',
  'get /v1/journal/export': '?platform=',
};

/** Routes about the whole deployment. */
const ofAll: Record<string, object | undefined> = {
  'get /v1/api-keys': undefined,
  'post /v1/api-keys': { name: 'x', scopes: ['sessions'] },
  'delete /v1/api-keys/{id}': undefined,
  'get /v1/journal/checkpoint': undefined,
  'get /v1/journal/consistency': undefined,
  'get /v1/journal/verify': undefined,
  'post /v1/subjects/{scanRef}/erase': undefined,
  'get /v1/subjects/{scanRef}/legal-hold': undefined,
  'put /v1/subjects/{scanRef}/legal-hold': { reason: 'case 7' },
  'delete /v1/subjects/{scanRef}/legal-hold': undefined,
  'get /metrics': undefined,
};

/** Routes without a key, those that only make something new, and the public key of the journal. */
const ofNobody = [
  'get /healthz',
  'get /readyz',
  'get /verify/facecode-verify.mjs',
  'get /verify/facecode-verify.mjs.sha256',
  'get /v1/event-types',
  'get /v1/journal/key',
  'post /v1/endpoints',
  'post /v1/sessions',
  'post /webhooks/idenfy',
];

interface Ids {
  /** with a live code */
  session: string;
  held: string;
  ended: string;
  scanRef: string;
  endpoint: string;
  delivery: string;
  webhook: string;
  event: string;
}

interface Platform {
  name: string;
  client: Client;
  endpoint: CreatedEndpoint;
  ids: Ids;
}

const unknown = (id: string): string => id.replace(/[0-9a-f]{12}$/, '000000000000');

onEveryStore(
  'platforms',
  (world) => {
    let receiver: Receiver;
    let alpha: Platform;
    let beta: Platform;
    /** gets the events of all platforms */
    let ofEverybody: CreatedEndpoint;

    const everything = ['sessions', 'audit', 'review', 'endpoints', 'admin'];
    const keyOf = async (platform: string, scopes = everything): Promise<Client> => {
      const { body } = await world().client.post('/v1/api-keys', { name: platform, scopes, platform }).expect(201);
      return world().client.as((body as { key: string }).key);
    };
    const dataOf = async <T>(asked: request.Test): Promise<T[]> =>
      ((await asked.expect(200)).body as { data: T[] }).data;
    const ended = async (client: Client, scanRef: string): Promise<SessionBody> => {
      const session = await client.create(scanRef, { maxAttempts: 1 });
      await world().simulator.selfie({ digitString: session.attempt!.code!, outcome: 'FAILED' });
      return client.until(session.id, 'the end', ({ status }) => status === 'failed');
    };

    async function settle(name: string): Promise<Platform> {
      const client = await keyOf(name);
      const endpoint = await createEndpoint(client, receiver);
      const scanRef = `${name}-${randomUUID()}`;
      const failed = await ended(client, scanRef);
      const held = await client.create(`${name}-held`, { initiator: { ip: '2001:db8:7::1' } });
      const { code } = held.attempt!;
      await world().simulator.selfie({ digitString: code!, outcome: 'SUCCESS', ipAddress: '2001:db9::7' });
      await client.until(held.id, 'the hold', ({ status }) => status === 'in-review');
      const session = await client.create(`${name}-live`);
      const [event] = await client.untilEvent(session.id, 'attempt.awaiting-selfie');
      const deliveries = await waitFor(
        async () => {
          const found = await deliveriesOf(client, endpoint.id, 'delivered');
          return found.some(
            ({ sessionId, eventType }) => sessionId === session.id && eventType === 'attempt.awaiting-selfie',
          )
            ? found
            : null;
        },
        { what: 'the deliveries' },
      );
      const [webhook] = await dataOf<{ id: string }>(client.get('/v1/webhooks'));
      const ids = { session: session.id, held: held.id, ended: failed.id, scanRef, endpoint: endpoint.id };
      return {
        name,
        client,
        endpoint,
        ids: { ...ids, delivery: deliveries[0]!.id, webhook: webhook!.id, event: event!.id },
      };
    }

    beforeAll(async () => {
      receiver = await startReceiver();
      ofEverybody = await createEndpoint(world().client, receiver);
      alpha = await settle('alpha');
      beta = await settle('beta');
      const settled = async () =>
        (await world().database.query('select from events where position is null')).count === 0 &&
        (await world().database.query(`select from deliveries where state = 'pending'`)).count === 0;
      await waitFor(settled, { what: 'everything to be sealed and delivered' });
    });
    afterAll(() => receiver.close());

    const ask = (client: Client, route: string, id: string, body?: object): request.Test => {
      const [method, template] = route.split(' ') as [Method, string];
      const asked = request(world().url)[method](template.replace(/\{\w+\}/, encodeURIComponent(id)));
      const sent = asked.set('authorization', `Bearer ${client.key}`);
      return body === undefined ? sent : sent.send(body);
    };

    /** Everything that is kept of a platform. */
    async function rowsOf({ name, ids }: Platform): Promise<string> {
      const found = [];
      for (const sql of [
        'select to_jsonb(one) as row from sessions one where platform = $1 order by id',
        'select to_jsonb(one) as row from attempts one where platform = $1 order by id',
        'select to_jsonb(one) as row from endpoints one where platform = $1 order by id',
        'select to_jsonb(one) as row from webhooks one where platform = $1 order by id',
        'select to_jsonb(one) as row from events one where platform = $1 order by id',
        `select to_jsonb(one) as row from deliveries one join endpoints on endpoints.id = endpoint_id
          where endpoints.platform = $1 order by one.id`,
      ]) {
        found.push((await world().database.query(sql, [name])).rows);
      }
      const { rows } = await world().database.query('select to_jsonb(one) from subjects one where scan_ref = $1', [
        ids.scanRef,
      ]);
      return JSON.stringify([found, rows]);
    }

    it('has a rule for every route of the OpenAPI document', async () => {
      const { body } = await request(world().url).get('/openapi.json').expect(200);
      const routes = Object.entries((body as { paths: Record<string, object> }).paths).flatMap(([path, operations]) =>
        Object.keys(operations).map((method) => `${method} ${path}`),
      );
      const known = [...Object.keys(byId), ...Object.keys(lists), ...Object.keys(ofAll), ...ofNobody];
      expect(routes.toSorted()).toEqual(known.toSorted());
    });

    it.each(Object.keys(byId))('answers %s the same for a foreign id as for one that does not exist', async (route) => {
      const { of, body } = byId[route]!;
      const before = await rowsOf(alpha);
      const answers = [];
      for (const id of [alpha.ids[of], unknown(alpha.ids[of]), 'malformed']) {
        const { status, body: problem } = await ask(beta.client, route, id, body);
        answers.push({ status, problem: { ...(problem as object), requestId: null } });
      }
      expect(answers[0]).toMatchObject({ status: 404, problem: { code: 'not-found' } });
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
      expect(await rowsOf(alpha)).toBe(before);
    });

    it.each(Object.keys(ofAll))('needs a key of all platforms for %s', async (route) => {
      const before = await rowsOf(alpha);
      for (const id of [alpha.ids.scanRef, beta.ids.scanRef, 'malformed']) {
        const { body } = await ask(beta.client, route, id, ofAll[route]).expect(403);
        expect(body).toMatchObject({ code: 'forbidden', detail: expect.stringMatching(/all platforms/) });
      }
      expect(await rowsOf(alpha)).toBe(before);
    });

    it.each(
      Object.keys(lists).filter((route) => !['get /v1/events/stream', 'get /v1/attempts/summary'].includes(route)),
    )('shows in %s what is the platform’s own, and to a key of all platforms everything', async (route) => {
      const path = route.replace('get ', '') + lists[route]!;
      const textFor = async (client: Client, name: string) => {
        const answer = await client.get(path.endsWith('platform=') ? path + name : path).expect(200);
        return JSON.stringify(answer.body) + answer.text;
      };
      const idsIn = (text: string, { ids, name }: Platform) =>
        [...Object.values(ids), `"${name}"`, `${name}-`].filter((id) => text.includes(id));
      const [seenByAlpha, seenByBeta] = [await textFor(alpha.client, 'alpha'), await textFor(beta.client, 'beta')];
      expect(idsIn(seenByAlpha, alpha)).not.toEqual([]);
      expect(idsIn(seenByAlpha, beta)).toEqual([]);
      expect(idsIn(seenByBeta, beta)).not.toEqual([]);
      expect(idsIn(seenByBeta, alpha)).toEqual([]);
      if (path.endsWith('platform=')) return;
      const seenByAll = await textFor(world().client, '');
      expect(idsIn(seenByAll, alpha)).toEqual(idsIn(seenByAlpha, alpha));
      expect(idsIn(seenByAll, beta)).toEqual(idsIn(seenByBeta, beta));
    });

    it('does not let a filter or a cursor reach the other platform', async () => {
      const { ids } = alpha;
      for (const path of [
        `/v1/sessions?scanRef=${ids.scanRef}`,
        `/v1/attempts?scanRef=${ids.scanRef}`,
        `/v1/events?sessionId=${ids.session}`,
        `/v1/events?sessionId=${ids.session}&type=session.created`,
      ]) {
        expect(await dataOf(beta.client.get(path))).toEqual([]);
        expect(await dataOf(alpha.client.get(path))).not.toEqual([]);
        expect(await dataOf(world().client.get(path))).not.toEqual([]);
      }
      for (const path of ['/v1/sessions', '/v1/attempts', '/v1/webhooks', '/v1/endpoints']) {
        const { body } = await world().client.get(`${path}?limit=1`).expect(200);
        const { nextCursor } = body as { nextCursor: string };
        const after = JSON.stringify(await dataOf(beta.client.get(`${path}?cursor=${nextCursor}&limit=200`)));
        expect(Object.values(ids).filter((id) => after.includes(id))).toEqual([]);
      }
      // A cursor that is another platform's session says nothing of it, not even that it is there.
      const after = async (id: string) =>
        dataOf(beta.client.get(`/v1/reviews?cursor=${Buffer.from(id).toString('base64url')}`));
      expect(await after(ids.held)).toEqual(await after(unknown(ids.held)));
      const pages: string[] = [];
      for (let cursor = ''; ;) {
        const { body } = await beta.client.get(`/v1/sessions?limit=1${cursor}`).expect(200);
        const { data, nextCursor } = body as { data: SessionBody[]; nextCursor: string | null };
        pages.push(...data.map(({ id }) => id));
        if (nextCursor === null) break;
        cursor = `&cursor=${nextCursor}`;
      }
      expect(pages).toEqual([beta.ids.session, beta.ids.held, beta.ids.ended]);
    });

    it('counts in the summary only the platform’s own attempts and sessions', async () => {
      const counted = async (client: Client) => {
        const { body } = await client.get('/v1/attempts/summary').expect(200);
        const { totals } = body as { totals: { attempts: number; sessions: number; byState: { retry: number } } };
        return [totals.attempts, totals.sessions, totals.byState.retry];
      };
      const [own, foreign, all] = [
        await counted(alpha.client),
        await counted(beta.client),
        await counted(world().client),
      ];
      expect(own).toEqual([3, 3, 1]);
      expect(all).toEqual(own.map((count, nth) => count + foreign[nth]!));
    });

    it('names the platform of a session, its events and an endpoint, and lets no key make things for another', async () => {
      const { client } = world();
      const { body } = await client.get(`/v1/sessions/${alpha.ids.session}`).expect(200);
      expect(body).toMatchObject({ platform: 'alpha' });
      const events = await alpha.client.events(alpha.ids.session);
      expect(new Set(events.map((event) => (event as EventBody & { platform: string }).platform))).toEqual(
        new Set(['alpha']),
      );
      expect((await client.get(`/v1/endpoints/${alpha.ids.endpoint}`).expect(200)).body).toMatchObject({
        platform: 'alpha',
      });
      expect((await client.get(`/v1/endpoints/${ofEverybody.id}`).expect(200)).body).toMatchObject({ platform: '*' });
      await alpha.client.get(`/v1/endpoints/${ofEverybody.id}`).expect(404);
      await beta.client.post('/v1/sessions', { scanRef: 'x', platform: 'alpha' }).expect(400);
      await beta.client.post('/v1/endpoints', { url: receiver.url, platform: 'alpha' }).expect(400);
      await beta.client.post('/v1/endpoints', { url: receiver.url, platform: '*' }).expect(400);
    });

    it('lets a key of all platforms create a session for the platform that it names, which then is that platform’s', async () => {
      const made = await world().client.create('for-beta', { platform: 'beta' });
      await beta.client.get(`/v1/sessions/${made.id}`).expect(200);
      await alpha.client.get(`/v1/sessions/${made.id}`).expect(404);
      const inMain = await world().client.create('for-main');
      await beta.client.get(`/v1/sessions/${inMain.id}`).expect(404);
      await request(world().url)
        .post(`/v1/sessions/${made.id}/cancel`)
        .set('authorization', `Bearer ${beta.client.key}`)
        .expect(200);
    });

    describe('idempotency keys', () => {
      const create = (client: Client, key: string, body: object) =>
        client.post('/v1/sessions', body).set('idempotency-key', key);

      it('are the platform’s: another key of it gets the same answer, another platform its own', async () => {
        const body = { scanRef: 'idem-platforms' };
        const first = (await create(alpha.client, 'k-1', body).expect(201)).body as SessionBody;
        const second = await create(await keyOf('alpha', ['sessions']), 'k-1', body).expect(201);
        expect(second.body).toEqual(first);
        const named = await create(world().client, 'k-1', { ...body, platform: 'alpha' }).expect(201);
        expect(named.body).toEqual(first);
        const foreign = (await create(beta.client, 'k-1', body).expect(201)).body as SessionBody;
        expect(foreign.id).not.toBe(first.id);
        await create(await keyOf('alpha', ['sessions']), 'k-1', { scanRef: 'other' }).expect(409);
      });
    });

    describe('received webhooks', () => {
      it('belong to all platforms alone while they have no attempt', async () => {
        const token = randomUUID().replaceAll('-', '');
        await sendWebhook(world().url, { token, status: 'FAILED', scanRef: 'nobody' }).expect(200);
        const [kept] = await waitFor(
          async () => {
            const found = await dataOf<{ id: string; state: string }>(
              world().client.get(`/v1/webhooks?token=${token}`),
            );
            return found[0]?.state === 'unmatched' ? found : null;
          },
          { what: 'the webhook' },
        );
        expect(await dataOf(beta.client.get(`/v1/webhooks?token=${token}`))).toEqual([]);
        await beta.client.post(`/v1/webhooks/${kept!.id}/replay`).expect(404);
        await world().client.post(`/v1/webhooks/${kept!.id}/replay`).expect(200);
      });

      it('are replayed by their platform, and stay its own', async () => {
        const { client, ids } = alpha;
        await client.post(`/v1/webhooks/${ids.webhook}/replay`).expect(200);
        expect(JSON.stringify(await dataOf(client.get('/v1/webhooks')))).toContain(ids.webhook);
      });
    });

    describe('subjects', () => {
      const scanRef = `shared-${randomUUID()}`;
      const view = async (client: Client) => (await client.get(`/v1/subjects/${scanRef}`).expect(200)).body as object;

      it('show a platform only its own outcomes, and the lock that holds everywhere', async () => {
        await ended(alpha.client, scanRef);
        await beta.client.get(`/v1/subjects/${scanRef}`).expect(404);
        await ended(beta.client, scanRef);
        await ended(beta.client, scanRef);
        expect(await view(alpha.client)).toMatchObject({
          consecutiveFailures: 1,
          lastOutcomes: [{ status: 'FAILED' }],
        });
        expect(await view(beta.client)).toMatchObject({
          consecutiveFailures: 2,
          lastOutcomes: [{ status: 'FAILED' }, { status: 'FAILED' }],
        });
        expect(await view(world().client)).toMatchObject({ consecutiveFailures: 3 });
        await ended(beta.client, scanRef);
        await ended(beta.client, scanRef);
        expect(await view(alpha.client)).toMatchObject({ consecutiveFailures: 1, locked: true });
        await alpha.client.post('/v1/sessions', { scanRef }).expect(423);
      });

      it('are released by a platform only if every failure that counts was its own', async () => {
        for (const { client } of [alpha, beta]) {
          const { body } = await client.post(`/v1/subjects/${scanRef}/release`).expect(403);
          expect(body).toMatchObject({ detail: expect.stringMatching(/other platforms.*all platforms/) });
        }
        await world().client.post(`/v1/subjects/${scanRef}/release`).expect(200);
        await ended(beta.client, scanRef);
        await alpha.client.post(`/v1/subjects/${scanRef}/release`).expect(403);
        const { body } = await beta.client.post(`/v1/subjects/${scanRef}/release`).expect(200);
        expect(body).toMatchObject({ consecutiveFailures: 0, locked: false });
        expect(await view(world().client)).toMatchObject({ consecutiveFailures: 0 });
        const released = await waitFor(
          async () => {
            const found = await dataOf<EventBody>(beta.client.get('/v1/events?type=subject.released'));
            return found.length > 0 ? found : null;
          },
          { what: 'the release in the journal' },
        );
        expect(released).toMatchObject([{ platform: 'beta' }]);
        expect(await dataOf(alpha.client.get('/v1/events?type=subject.released'))).toEqual([]);
      });
    });

    describe('the feed', () => {
      const sealed = async () =>
        waitFor(async () => (await world().database.query('select from events where position is null')).count === 0, {
          what: 'everything to be sealed',
        });
      const ownPositions = async (name: string) => {
        const { rows } = await world().database.query<{ position: string }>(
          'select position from events where platform = $1 order by position',
          [name],
        );
        return rows.map(({ position }) => Number(position));
      };

      it('has every event of the platform in order, with gaps in `position`, and passes over the rest', async () => {
        await sealed();
        const seen: number[] = [];
        for (let after = 0; ;) {
          const { body } = await beta.client.get(`/v1/events?after=${after}&limit=5`).expect(200);
          const page = body as { data: EventBody[]; lastPosition: number; hasMore: boolean };
          seen.push(...page.data.map(({ position }) => position));
          after = page.lastPosition;
          if (!page.hasMore) {
            const { rows } = await world().database.query<{ head: string }>('select max(position) as head from events');
            expect(after).toBe(Number(rows[0]!.head));
            break;
          }
        }
        expect(seen).toEqual(await ownPositions('beta'));
      });

      it('wakes a poll and a stream for events of the platform only, and resumes by Last-Event-ID', async () => {
        await sealed();
        const head = (await ownPositions('beta')).at(-1)!;
        const headers = { authorization: `Bearer ${beta.client.key}` };
        const stream = await EventStream.open(`${world().url}/v1/events/stream`, {
          ...headers,
          'last-event-id': String(head),
        });
        const poll = beta.client
          .get(`/v1/events?after=${head}&wait=20&type=session.created`)
          .then(({ body }) => body as { data: EventBody[] });
        const foreign = await alpha.client.create('feed-alpha');
        await alpha.client.untilEvent(foreign.id, 'attempt.awaiting-selfie');
        const own = await beta.client.create('feed-beta');
        const events = await beta.client.untilEvent(own.id, 'attempt.awaiting-selfie');
        // The platform's own reads are recorded, too, and may come at any time.
        const ofSessions = (read: EventStream) => read.events.filter(({ type }) => type !== 'audit.read');
        const reads = (read: EventStream, count: number) =>
          waitFor(() => ofSessions(read).length >= count, { what: `${count} events of sessions` });
        await reads(stream, events.length);
        expect(new Set(ofSessions(stream).map(({ sessionId }) => sessionId))).toEqual(new Set([own.id]));
        expect(new Set((await poll).data.map(({ sessionId }) => sessionId))).toEqual(new Set([own.id]));
        stream.close();
        const again = await EventStream.open(`${world().url}/v1/events/stream`, {
          ...headers,
          'last-event-id': String(events[0]!.position),
        });
        await reads(again, events.length - 1);
        const rest = ofSessions(again).map(({ position }) => position);
        expect(rest).toEqual(events.slice(1).map(({ position }) => position));
        again.close();
      });

      it('has events from before there were platforms as events of main', async () => {
        const { client, database } = world();
        const main = await keyOf('main');
        const session = await client.create('before-platforms');
        await client.untilEvent(session.id, 'attempt.awaiting-selfie');
        await database.query('alter table events disable trigger user');
        await database.query('update events set version = 1 where session_id = $1', [session.id]);
        try {
          const events = await main.events(session.id);
          expect(events).not.toEqual([]);
          expect(events[0]).not.toHaveProperty('platform');
          expect(await beta.client.events(session.id)).toEqual([]);
        } finally {
          await database.query('update events set version = 2 where session_id = $1', [session.id]);
          await database.query('alter table events enable trigger user');
        }
      });
    });

    it('delivers to an endpoint the events of its platform, and to one of all platforms everything', async () => {
      const sessionsAt = ({ path }: CreatedEndpoint) =>
        new Set(receiver.requests.filter((one) => one.path === path).map(({ event }) => event.sessionId));
      expect(sessionsAt(alpha.endpoint).has(alpha.ids.session)).toBe(true);
      expect(sessionsAt(alpha.endpoint).has(beta.ids.session)).toBe(false);
      expect(sessionsAt(beta.endpoint).has(alpha.ids.session)).toBe(false);
      for (const { ids } of [alpha, beta]) expect(sessionsAt(ofEverybody).has(ids.session)).toBe(true);
      // Recovering reads the journal again.
      await beta.client.post(`/v1/endpoints/${beta.ids.endpoint}/recover`, { since: 0 }).expect(202);
      const recovered = async () =>
        (await world().database.query('select from endpoints where recover_after is not null')).count === 0;
      await waitFor(recovered, { what: 'the recovery' });
      const { rows } = await world().database.query<{ platform: string }>(
        'select distinct events.platform from deliveries join events on events.id = event_id where endpoint_id = $1',
        [beta.ids.endpoint],
      );
      expect(rows).toEqual([{ platform: 'beta' }]);
    });

    it('gives each platform an event about the erasure of its own sessions, with the endpoints that must get it', async () => {
      const scanRef = `erased-${randomUUID()}`;
      const sessions: string[] = [];
      for (const { client } of [alpha, beta, beta]) {
        const { id } = await client.create(scanRef);
        await client.untilEvent(id, 'attempt.awaiting-selfie');
        sessions.push(id);
      }
      const sent = async () => {
        const { count } = await world().database.query(
          `select from deliveries where session_id = any($1) and event_type = 'attempt.awaiting-selfie' and state = 'delivered'`,
          [sessions],
        );
        return count === 6;
      };
      await waitFor(sent, { what: 'the deliveries' });
      await world().client.post(`/v1/subjects/${scanRef}/erase`).expect(200);
      for (const [platform, count] of [
        [alpha, 1],
        [beta, 2],
      ] as const) {
        const [erased] = await waitFor(
          async () => {
            const found = await dataOf<EventBody>(platform.client.get('/v1/events?type=subject.erased'));
            return found.length > 0 ? found : null;
          },
          { what: 'the erasure in the journal' },
        );
        expect(erased).toMatchObject({ platform: platform.name, data: { scanRef, sessions: count } });
        expect((erased!.data.endpoints as string[]).toSorted()).toEqual(
          [platform.endpoint.id, ofEverybody.id].toSorted(),
        );
      }
    });

    describe('an export of one platform', () => {
      let text: string;
      let publicKey: string;
      const exported = async (client: Client, query: string) => (await client.get(`/v1/journal/export?${query}`)).text;
      const ours = (file: string): Promise<ExportVerdict> =>
        verifyExport(
          linesOf(
            (async function* () {
              yield Buffer.from(file);
            })(),
          ),
          parseTrustedKey(publicKey),
        );

      beforeAll(async () => {
        publicKey = ((await beta.client.get('/v1/journal/key').expect(200)).body as { publicKey: string }).publicKey;
        text = await exported(beta.client, 'platform=beta');
      });

      /** Both verifiers, of which one knows nothing of the other. */
      async function accepted(file: string): Promise<boolean> {
        const verdict = await ours(file);
        const independent = (): boolean => {
          try {
            checkPlatformExport(file, publicKey);
            return true;
          } catch {
            return false;
          }
        };
        expect(independent()).toBe(verdict.ok);
        return verdict.ok;
      }

      it('has each of its events with a proof, and is verified offline', async () => {
        const own = await dataOf<EventBody>(beta.client.get('/v1/events?limit=1000'));
        const lines = text.trimEnd().split('\n').slice(0, -1);
        const events = lines.map((line) => {
          const { proof, ...event } = JSON.parse(line) as EventBody & { proof: unknown };
          expect(proof).toMatchObject({ leafIndex: event.position - 1 });
          return event;
        });
        expect(events).toEqual(own.slice(0, events.length));
        expect(await accepted(text)).toBe(true);
        expect(await ours(text)).toMatchObject({ kind: 'platform-export', platform: 'beta', events: events.length });
      });

      it('is verified in any range, and when it is empty', async () => {
        const positions = text
          .trimEnd()
          .split('\n')
          .slice(0, -1)
          .map((line) => (JSON.parse(line) as EventBody).position);
        const [from, to] = [positions[2]!, positions.at(-3)!];
        const part = await exported(beta.client, `platform=beta&from=${from}&to=${to}`);
        expect(await ours(part)).toMatchObject({ ok: true, events: positions.length - 4 });
        expect(await accepted(part)).toBe(true);
        expect(await accepted(await exported(world().client, 'platform=nobody'))).toBe(true);
        expect(await accepted(await exported(beta.client, 'platform=beta&from=100000'))).toBe(true);
        const day = new Date().toISOString().slice(0, 10);
        expect(await accepted(await exported(beta.client, `platform=beta&from=${day}`))).toBe(true);
      });

      it('is not valid if an event was changed, left out, added or reordered', async () => {
        const lines = text.split('\n');
        const other = (await exported(alpha.client, 'platform=alpha')).split('\n')[0]!;
        const whole = await exported(world().client, '');
        for (const forged of [
          text.replace('"session.created"', '"session.passed"'),
          text.replace('"platform":"beta"', '"platform":"alpha"'),
          lines.toSpliced(3, 1).join('\n'),
          lines.toSpliced(-2, 1).join('\n'),
          lines.slice(1).join('\n'),
          lines.toSpliced(1, 0, other).join('\n'),
          [lines[1], lines[0], ...lines.slice(2)].join('\n'),
          text.replace(/"events":(\d+)/, (_, count) => `"events":${Number(count) - 1}`),
          lines.slice(0, -2).join('\n'),
          `${lines.slice(0, -2).join('\n')}\n${whole.trimEnd().split('\n').at(-1)}\n`,
          `${whole.trimEnd().split('\n').slice(0, -1).join('\n')}\n${lines.at(-2)}\n`,
        ]) {
          expect(forged).not.toBe(text);
          expect(await accepted(forged)).toBe(false);
        }
      });

      it('is the same events as CSV', async () => {
        const csv = await exported(beta.client, 'platform=beta&format=csv');
        expect(csv).toContain(beta.ids.session);
        const [head, ...rows] = csv.trimEnd().split('\r\n');
        const column = head!.split(',').indexOf('platform');
        expect(new Set(rows.map((row) => row.split(',')[column]))).toEqual(new Set(['beta']));
        // The records of its own reads hold what the platform asked for, which was a foreign id now and then.
        expect(rows.filter((row) => !row.includes(',audit.read,')).join()).not.toContain('alpha');
      });

      it('works only for the own platform; the whole journal needs a key of all platforms', async () => {
        for (const query of ['', '?platform=alpha', '?format=csv']) {
          const { body } = await beta.client.get(`/v1/journal/export${query}`).expect(403);
          expect(body).toMatchObject({ detail: expect.stringMatching(/all platforms/) });
        }
        await world().client.get('/v1/journal/export?platform=Not%20One').expect(400);
      });
    });
  },
  {
    EGRESS_ALLOW: '127.0.0.0/8',
    SIGNALS_HOLD: 'different-network',
    SIGNAL_VELOCITY_SESSIONS: '0',
    CREATE_WAIT_SECONDS: '30',
  },
);
