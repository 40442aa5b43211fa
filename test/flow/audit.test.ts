import { createHash, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { AccessLog } from '../../src/audit/access-log.service.js';
import { readSettings } from '../../src/config/read-settings.js';
import { DatabaseUnavailable } from '../../src/database/database-errors.js';
import { openDatabase } from '../../src/database/open.js';
import type { Scope } from '../../src/http/scopes.js';
import { type AttemptBody, Client, type EventBody, type SessionBody } from '../support/client.js';
import { EventStream } from '../support/event-stream.js';
import { call, operationsOf, type Things } from '../support/routes.js';
import { startTestService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook } from '../support/webhook.js';
import { onEveryStore } from '../support/world.js';

type Found = AttemptBody & {
  sessionId: string;
  sessionStatus: string;
  review: object | null;
  scanRef: string;
  createdAt: string;
};
interface Page {
  data: Found[];
  nextCursor: string | null;
}

/** Answers to requests with a key that hold neither personal data nor what is kept for auditors, and why. */
const holdNeither = {
  'POST /v1/sessions': 'what the request itself said, and a code',
  'POST /v1/api-keys': 'what the request itself said, and the key',
  'POST /v1/sessions/{id}/review/notes': 'what the request itself said',
  'POST /v1/endpoints': 'a system of a consumer',
  'GET /v1/endpoints': 'systems of consumers',
  'GET /v1/endpoints/{id}': 'a system of a consumer',
  'PATCH /v1/endpoints/{id}': 'a system of a consumer',
  'POST /v1/endpoints/{id}/rotate-secret': 'a system of a consumer, and its new secret',
  'POST /v1/endpoints/{id}/recover': 'a position',
  'GET /v1/journal/checkpoint': 'hashes and a signature',
  'GET /v1/journal/consistency': 'hashes',
  'GET /v1/journal/proof/{eventId}': 'hashes',
  'GET /v1/journal/key': 'a public key',
  'GET /metrics': 'numbers by route, state and queue',
};

/** They show nothing of anybody: health, the catalogue of events, the verifier, and the receiver of webhooks. */
const publicOperations = [
  'GET /healthz',
  'GET /readyz',
  'GET /v1/event-types',
  'GET /verify/facecode-verify.mjs',
  'GET /verify/facecode-verify.mjs.sha256',
  'POST /webhooks/idenfy',
];

/** They answer without a body. */
const silentOperations = [
  'DELETE /v1/api-keys/{id}',
  'DELETE /v1/endpoints/{id}',
  'DELETE /v1/subjects/{scanRef}/legal-hold',
];

onEveryStore(
  'auditors',
  (world) => {
    const reader = async (...scopes: Scope[]): Promise<{ id: string; client: Client }> => {
      // Of all platforms if it may be: only such a key exports the whole journal.
      const platform = scopes.some((scope) => ['audit', 'review', 'admin'].includes(scope)) ? '*' : 'main';
      const answer = await world().client.post('/v1/api-keys', { name: 'reader', scopes, platform }).expect(201);
      const { id, key } = answer.body as { id: string; key: string };
      return { id, client: world().client.as(key) };
    };
    const search = async (query: string) =>
      (await world().client.get(`/v1/attempts?${query}`).expect(200)).body as Page;
    const numbers = async (query: string) => (await search(query)).data.map(({ number }) => number);
    const selfie = async ({ attempt }: SessionBody, outcome: 'SUCCESS' | 'FAILED', rest: object = {}) => {
      const answer = await world().simulator.selfie({ digitString: attempt!.code!, outcome, ...rest });
      expect(answer.status).toBe(204);
    };
    /** A session with a failed attempt, and a second code that was not handed out. */
    const failedOnce = async (scanRef: string, rest: object = {}, result: object = {}) => {
      const session = await world().client.create(scanRef, rest);
      await selfie(session, 'FAILED', { failReason: 'FACE_MISMATCH', ...result });
      await world().client.until(session.id, 'the second code', ({ attempts }) => attempts[1]?.state === 'issued');
      return session;
    };

    it('find attempts by every filter, as the session shows them', async () => {
      const { client, database } = world();
      const session = await failedOnce('audit-filters');
      const { attempts } = await client.session(session.id);
      const { data, nextCursor } = await search('scanRef=audit-filters');
      const shared = {
        sessionId: session.id,
        sessionStatus: 'active',
        review: null,
        scanRef: 'audit-filters',
        createdAt: expect.any(String),
      };
      expect(data).toEqual(attempts.toReversed().map((attempt) => ({ ...attempt, ...shared })));
      expect(nextCursor).toBeNull();
      const found = (query: string) => numbers(`scanRef=audit-filters&${query}`);
      expect(await found('state=retry')).toEqual([1]);
      expect(await found('state=issued')).toEqual([2]);
      expect(await found('outcome=failed')).toEqual([1]);
      expect(await found('outcome=SUCCESS')).toEqual([]);
      expect(await found('failReason=FACE_MISMATCH')).toEqual([1]);
      const [second, first] = data;
      await database.query(`update attempts set created_at = created_at - interval '1 hour' where id = $1`, [
        first!.id,
      ]);
      expect(await found(`from=${second!.createdAt}`)).toEqual([2]);
      expect(await found(`to=${second!.createdAt}`)).toEqual([1]);
    });

    it('find attempts by a signal', async () => {
      const session = await world().client.create('audit-signal');
      await world().client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
      const { token } = world().simulator.ledger.sessions.findLast(({ scanRef }) => scanRef === 'audit-signal')!;
      await sendWebhook(world().url, { token, status: 'SUCCESS', ipAddress: '198.51.100.77' }).expect(200);
      const flagged = () => search('signal=late-result&scanRef=audit-signal');
      await waitFor(async () => (await flagged()).data.length === 1, { what: 'the signal' });
      expect(await numbers('signal=conflict&scanRef=audit-signal')).toEqual([]);
      // Where a late result came from is of interest, too.
      expect((await search('ip=198.51.100.77')).data.map(({ sessionId }) => sessionId)).toEqual([session.id]);
    });

    it('find attempts by the address of the initiator and of the selfie, however it is written', async () => {
      const initiator = { ip: '2001:DB8:0:0::77' };
      const session = await failedOnce('audit-ip', { initiator }, { ipAddress: '203.0.113.77' });
      expect(await numbers('ip=2001:db8::77')).toEqual([2, 1]);
      expect(await numbers('ip=203.0.113.77')).toEqual([1]);
      expect(await numbers('ip=::ffff:203.0.113.77')).toEqual([1]);
      expect(await numbers('ip=203.0.113.78')).toEqual([]);
      expect((await search('ip=2001:db8::77&state=retry')).data[0]).toMatchObject({ sessionId: session.id, number: 1 });
      const { rows } = await world().database.query(
        'select sessions.*, attempts.* from sessions join attempts on true',
      );
      expect(JSON.stringify(rows)).not.toMatch(/203\.0\.113\.77|2001:db8/i);
    });

    it('do not find an erased subject by its address, even if a result comes later', async () => {
      const session = await failedOnce(
        'audit-erased',
        { initiator: { ip: '192.0.2.78' } },
        { ipAddress: '192.0.2.79' },
      );
      expect(await numbers('ip=192.0.2.78')).toEqual([2, 1]);
      await world().client.post('/v1/subjects/audit-erased/erase').expect(200);
      const { body } = await world().client.post(`/v1/sessions/${session.id}/attempts`).expect(201);
      await selfie(body as SessionBody, 'SUCCESS', { ipAddress: '192.0.2.79' });
      await world().client.until(session.id, 'the pass', ({ status }) => status === 'passed');
      expect(await numbers('ip=192.0.2.78')).toEqual([]);
      expect(await numbers('ip=192.0.2.79')).toEqual([]);
      expect(await numbers('scanRef=audit-erased')).toEqual([3, 2, 1]);
    });

    it('count attempts by bucket', async () => {
      const { body } = await world().client.get('/v1/attempts/summary?bucket=hour').expect(200);
      const { totals, buckets } = body as { totals: { attempts: number }; buckets: { attempts: number }[] };
      expect(totals).toMatchObject({
        byState: { retry: expect.any(Number) },
        byFailReason: { FACE_MISMATCH: expect.any(Number) },
      });
      expect(buckets.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(totals.attempts);
      expect(totals.attempts).toBeGreaterThan(5);
    });

    it.each([
      ['attempts?limit=0', 'limit'],
      ['attempts?limit=201', 'limit'],
      ['attempts?state=open', 'state'],
      ['attempts?outcome=PENDING', 'outcome'],
      ['attempts?outcome=FAILED&outcome=SUCCESS', 'outcome'],
      ['attempts?ip=203.0.113', 'ip'],
      ['attempts?signal=Late', 'signal'],
      ['attempts?failReason=', 'failReason'],
      ['attempts?from=yesterday', 'from'],
      ['attempts?to=2026-W10', 'to'],
      ['attempts?to=2026-02-30', 'to'],
      ['attempts?cursor=nonsense', 'cursor'],
      ['attempts?offset=5', 'offset'],
      ['attempts/summary?bucket=week', 'bucket'],
      ['attempts/summary?from=2026-03-02&to=2026-03-02', 'from'],
      ['attempts/summary?bucket=hour&from=2026-01-01&to=2026-03-01', 'from'],
      ['sessions?createdAfter=2026-W10', 'createdAfter'],
    ])('are refused GET /v1/%s', async (path, field) => {
      const answer = await world().client.get(`/v1/${path}`).expect(400);
      const { errors } = answer.body as { errors: { field: string }[] };
      expect(errors.map((error) => error.field)).toContain(field);
    });

    it('need the scope audit', async () => {
      const session = await world().client.create('audit-scope');
      const paths = ['/v1/attempts', '/v1/attempts/summary', `/v1/sessions/${session.id}/evidence`];
      const [auditor, platform] = [await reader('audit'), await reader('sessions', 'endpoints', 'review')];
      for (const path of paths) {
        await auditor.client.get(path).expect(200);
        await platform.client.get(path).expect(403);
        await world().client.as(session.clientToken!).get(path).expect(403);
      }
    });

    it('get the evidence of a session, without anything secret', async () => {
      const { client, simulator } = world();
      const session = await client.create('audit-evidence', { channels: ['code', 'web', 'sdk'], maxAttempts: 1 });
      await selfie(session, 'SUCCESS');
      await client.until(session.id, 'the end', ({ endedAt }) => endedAt !== null);
      // Asked at once: the bundle waits for what is not sealed yet.
      const { body } = await client.get(`/v1/sessions/${session.id}/evidence`).expect(200);
      const after = await client.session(session.id);
      const { attempt: _same, attempts: all, ...shown } = after;
      // No event holds the hint of the code.
      const attempts = all.map(({ codeHint: _hint, ...attempt }) => attempt);
      expect(body).toMatchObject({ kind: 'facecode-evidence', version: 2, session: shown, attempts, deliveries: [] });
      const { events, webhooks } = body as { events: { event: EventBody }[]; webhooks: { digest: string }[] };
      expect(events.map(({ event }) => event)).toEqual(await client.events(session.id));
      expect(events).toHaveLength(after.seq);
      const { body: sent } = simulator.ledger.webhooks.findLast(({ body: text }) =>
        text.includes(session.attempt!.token!),
      )!;
      const digest = createHash('sha256').update(sent).digest('hex');
      expect(webhooks).toEqual([expect.objectContaining({ digest, state: 'applied', verdict: 'moved' })]);
      const text = JSON.stringify([body, await search('scanRef=audit-evidence')]);
      for (const secret of [session.attempt!.code!, session.attempt!.token!, session.clientToken!]) {
        expect(text).not.toContain(secret);
      }
    });

    it.each(['ses_0', `ses_${'0'.repeat(32)}`])('get no evidence of %s', async (id) => {
      await world().client.get(`/v1/sessions/${id}/evidence`).expect(404);
    });

    const reads = async (keyId: string) => {
      const { rows } = await world().database.query<{ data: Record<string, unknown>; sessionId: string | null }>(
        `select data, session_id as "sessionId" from events
        where type = 'audit.read' and actor->>'id' = $1 order by row_number`,
        [keyId],
      );
      return rows.map(({ data: { firstAt, lastAt, ...data }, sessionId }) => {
        expect([sessionId, firstAt! <= lastAt!]).toEqual([null, true]);
        return data;
      });
    };
    const aMinuteLater = () =>
      world()
        .service.service.app.get(AccessLog, { strict: false })
        .tellDue(new Date(Date.now() + 61_000));

    it('are recorded when they export the journal, with the range of the export', async () => {
      // The whole journal takes a key of all platforms.
      const made = await world().client.post('/v1/api-keys', { name: 'all', scopes: ['audit'], platform: '*' });
      const { id, key } = made.body as { id: string; key: string };
      const client = world().client.as(key);
      await client.get('/v1/journal/export?format=csv&from=1&to=3').expect(200);
      const filter = { format: 'csv', from: '1', to: '3' };
      const range = { firstPosition: 1, lastPosition: 3 };
      expect(await reads(id)).toEqual([{ route: 'journal.export', filter, reads: 1, rows: 3, ...range }]);
    });

    it('are recorded when they read: the first read at once, further reads in one sum', async () => {
      const { id, client } = await reader('audit');
      const session = await world().client.create('audit-journaled', { maxAttempts: 1 });
      await world().client.untilEvent(session.id, 'attempt.awaiting-selfie');
      const query = '/v1/attempts?scanRef=audit-journaled&ip=192.0.2.1&limit=';
      await client.get(`${query}1`).expect(200);
      const filter = { scanRef: 'audit-journaled', ip: 'given' };
      const first = { route: 'attempts.search', filter, reads: 1, rows: 0 };
      expect(await reads(id)).toEqual([first]);
      await client.get(`${query}2`).expect(200);
      await client.get(`${query}3`).expect(200);
      await client.get('/v1/attempts?limit=0').expect(400);
      expect(await reads(id)).toEqual([first]);
      await aMinuteLater();
      expect(await reads(id)).toEqual([first, { ...first, reads: 2 }]);
      await aMinuteLater();
      expect(await reads(id)).toHaveLength(2);
    });

    it('are recorded on every route, with the number of rows', async () => {
      const { id, client } = await reader('audit');
      const session = await world().client.create('audit-routes');
      await world().client.untilEvent(session.id, 'attempt.awaiting-selfie');
      await client.get('/v1/attempts?scanRef=audit-routes').expect(200);
      await client.get('/v1/attempts/summary?bucket=day').expect(200);
      await client.get(`/v1/sessions/${session.id}/evidence`).expect(200);
      await client.get(`/v1/sessions/${session.id}`).expect(200);
      await client.get('/v1/sessions?scanRef=audit-routes&reference=secret').expect(200);
      await client.get('/v1/subjects/audit-routes').expect(200);
      await client.get('/v1/webhooks?token=secret').expect(200);
      await client.get(`/v1/events?sessionId=${session.id}`).expect(200);
      const events = await world().client.events(session.id);
      const range = { firstPosition: events[0]!.position, lastPosition: events[3]!.position };
      expect(await reads(id)).toEqual([
        { route: 'attempts.search', filter: { scanRef: 'audit-routes' }, reads: 1, rows: 1 },
        { route: 'attempts.summary', filter: { bucket: 'day' }, reads: 1, rows: 1 },
        { route: 'sessions.evidence', filter: { id: session.id }, reads: 1, rows: 1 },
        { route: 'sessions.get', filter: { id: session.id }, reads: 1, rows: 1 },
        { route: 'sessions.list', filter: { scanRef: 'audit-routes', reference: 'given' }, reads: 1, rows: 0 },
        { route: 'subjects.get', filter: { scanRef: 'audit-routes' }, reads: 1, rows: 1 },
        { route: 'webhooks.list', filter: { token: 'given' }, reads: 1, rows: 0 },
        { route: 'events.list', filter: { sessionId: session.id }, reads: 1, rows: 4, ...range },
      ]);
    });

    it('do not make the journal grow when they follow it', async () => {
      const { client, id } = await reader('audit');
      let after = 0;
      const follow = () =>
        waitFor(
          async () => {
            const answer = await client.get(`/v1/events?after=${after}&limit=1000`).expect(200);
            const { data, lastPosition } = answer.body as { data: EventBody[]; lastPosition: number };
            after = lastPosition;
            return (
              data.length === 0 &&
              (await world().database.query('select from events where position is null')).count === 0
            );
          },
          { what: 'the end of the journal' },
        );
      await follow();
      await aMinuteLater();
      await follow();
      const before = await reads(id);
      expect(before[0]).toMatchObject({ route: 'events.list', reads: 1 });
      await follow();
      await aMinuteLater();
      expect(await reads(id)).toEqual(before);
    });

    it('are not confused with a platform that reads its own sessions, nor with its users', async () => {
      const { id, client } = await reader('sessions', 'endpoints');
      const session = await client.create('audit-platform');
      await client.get(`/v1/sessions/${session.id}`).expect(200);
      await client.get('/v1/sessions').expect(200);
      await client.post(`/v1/sessions/${session.id}/code`).expect(200);
      const stream = await EventStream.open(`${world().url}/v1/sessions/${session.id}/stream`, {
        authorization: `Bearer ${client.key}`,
      });
      await stream.atLeast(4);
      stream.close();
      await world().client.as(session.clientToken!).get(`/v1/sessions/${session.id}`).expect(200);
      await client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
      await aMinuteLater();
      expect(await reads(id)).toEqual([]);
      expect(await reads(session.id)).toEqual([]);
    });

    it('are recorded with every key that has `audit`, `review` or `admin` beside `sessions`', async () => {
      const session = await world().client.create('audit-whoever');
      await world().client.untilEvent(session.id, 'attempt.awaiting-selfie');
      for (const scopes of [['admin'], ['sessions', 'audit'], ['endpoints']] as Scope[][]) {
        const { id, client } = await reader(...scopes);
        const path = scopes.includes('endpoints') ? '/v1/events?limit=1' : `/v1/sessions/${session.id}`;
        await client.get(path).expect(200);
        expect([scopes, (await reads(id)).length]).toEqual([scopes, 1]);
      }
    });

    it('are recorded with the platform of their key', async () => {
      const { client, database } = world();
      for (const [platform, recorded] of [
        ['shop', 'shop'],
        ['*', null],
      ] as const) {
        const { body } = await client.post('/v1/api-keys', { name: 'reader', scopes: ['audit'], platform }).expect(201);
        const { id, key } = body as { id: string; key: string };
        await client.as(key).get('/v1/attempts').expect(200);
        const { rows } = await database.query<{ platform: string | null }>(
          `select platform from events where type = 'audit.read' and actor->>'id' = $1`,
          [id],
        );
        expect(rows).toEqual([{ platform: recorded }]);
      }
    });

    it('are recorded when they follow a stream: at its first event, and then with what it has shown', async () => {
      const { client: admin, url, database } = world();
      const { id, client } = await reader('audit');
      const old = await admin.create('audit-stream-before');
      const before = await admin.untilEvent(old.id, 'attempt.awaiting-selfie');
      const headers = { authorization: `Bearer ${client.key}` };
      const stream = await EventStream.open(`${url}/v1/events/stream?after=${before[0]!.position - 1}`, headers);
      await stream.atLeast(before.length);
      const [opened, ...others] = await reads(id);
      expect(others).toEqual([]);
      expect(opened).toMatchObject({
        route: 'events.stream',
        filter: {},
        reads: 1,
        firstPosition: before[0]!.position,
      });
      expect(opened!.rows).toBeGreaterThanOrEqual(before.length);

      const session = await admin.create('audit-stream-after');
      const events = await admin.untilEvent(session.id, 'attempt.awaiting-selfie');
      await waitFor(() => stream.events.some(({ position }) => position === events.at(-1)!.position), { what: 'them' });
      await aMinuteLater();
      const [, added] = await reads(id);
      expect(added).toMatchObject({ route: 'events.stream', lastPosition: expect.any(Number) });
      expect(added!.lastPosition).toBeGreaterThanOrEqual(events.at(-1)!.position);
      const shown = stream.events.filter(({ type }) => type !== 'audit.read').length;
      const rows = (await reads(id)).reduce((sum, read) => sum + (read.rows as number), 0);
      expect(rows).toBeGreaterThanOrEqual(shown);

      // What it shows from now on are records of reads only, so there is nothing more to record.
      const count = (await reads(id)).length;
      await client.get('/v1/attempts').expect(200);
      const { rows: found } = await database.query<{ eventId: string }>(
        `select id as "eventId" from events where type = 'audit.read' order by row_number desc limit 1`,
      );
      await waitFor(() => stream.events.some((event) => event.id === found[0]!.eventId), { what: 'the record' });
      await aMinuteLater();
      await aMinuteLater();
      expect((await reads(id)).slice(count).map(({ route }) => route)).toEqual(['attempts.search']);
      stream.close();

      const { id: other, client: otherClient } = await reader('audit');
      const ofSession = await EventStream.open(`${url}/v1/sessions/${session.id}/stream`, {
        authorization: `Bearer ${otherClient.key}`,
      });
      await ofSession.atLeast(events.length);
      ofSession.close();
      const range = { firstPosition: events[0]!.position, lastPosition: events.at(-1)!.position };
      expect(await reads(other)).toEqual([
        { route: 'sessions.stream', filter: { id: session.id }, reads: 1, rows: events.length, ...range },
      ]);
    });

    it('get nothing that cannot be recorded, not even by a stream', async () => {
      const { url, database, service } = world();
      const { id, client } = await reader('audit');
      const log = service.service.app.get(AccessLog, { strict: false }) as unknown as { tell: () => Promise<void> };
      const { tell } = log;
      log.tell = () => Promise.reject(new DatabaseUnavailable(new Error('away')));
      try {
        await client.get('/v1/attempts').expect(503);
        const stream = await EventStream.open(`${url}/v1/events/stream`, { authorization: `Bearer ${client.key}` });
        await stream.untilEnd();
        expect(stream.messages).toEqual([]);
      } finally {
        log.tell = tell;
      }
      const { count } = await database.query(`select from events where actor->>'id' = $1`, [id]);
      expect(count).toBe(0);
    });

    it('are recorded on every route of the API that can show personal or audit data', async () => {
      const { client, url, database } = world();
      const { body: document } = await client.get('/openapi.json').expect(200);
      const operations = operationsOf(document as Parameters<typeof operationsOf>[0]);
      expect(
        operations
          .filter(({ isPublic }) => isPublic)
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(publicOperations.toSorted());
      expect(
        operations
          .filter(({ isSilent }) => isSilent)
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(silentOperations.toSorted());

      const created = await client.post('/v1/endpoints', { url: 'http://127.0.0.1:18099/hooks' }).expect(201);
      const endpointId = (created.body as { id: string }).id;
      const toReview = async () => {
        const session = await client.create(`routes-${randomUUID()}`, {
          channels: ['code', 'web'],
          reference: 'routes',
        });
        await selfie(session, 'FAILED', { failReason: 'FAKE_FACE' });
        await client.until(session.id, 'code 2', ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued');
        const { body } = await client.post(`/v1/sessions/${session.id}/code`).expect(200);
        await selfie({ ...session, attempt: body as AttemptBody }, 'SUCCESS');
        return client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
      };
      const held = await toReview();
      const events = await client.untilEvent(held.id, 'session.in-review');
      const { deliveryId } = await waitFor(
        async () => {
          const { rows } = await database.query<{ deliveryId: string }>(
            'select id as "deliveryId" from deliveries limit 1',
          );
          return rows[0] ?? null;
        },
        { what: 'a delivery' },
      );
      const { rows: webhooks } = await database.query<{ id: string }>('select id from webhooks limit 1');
      const erasable = await client.create('routes-erasable');
      await client.put(`/v1/subjects/${held.scanRef}/legal-hold`, { reason: 'a case' }).expect(200);
      const things: Things = {
        held,
        toReview,
        active: () => client.create(`routes-${randomUUID()}`),
        endpointId,
        deliveryId,
        webhookId: webhooks[0]!.id,
        eventId: events[0]!.id,
        heldSubject: held.scanRef,
        erasable: erasable.scanRef,
      };
      const shown: string[] = [];
      const silent: string[] = [];
      for (const operation of operations.filter(({ isPublic, isSilent }) => !isPublic && !isSilent)) {
        const { body } = await client.post('/v1/api-keys', { name: 'r', scopes: ['admin'], platform: '*' }).expect(201);
        const { id, key } = body as { id: string; key: string };
        const status = await call(operation, new Client(url, key), things);
        expect([operation.name, Math.floor(status / 100)]).toEqual([operation.name, 2]);
        ((await reads(id)).length === 1 ? shown : silent).push(operation.name);
      }
      expect(silent.toSorted()).toEqual(Object.keys(holdNeither).toSorted());
      expect(shown.length).toBeGreaterThan(25);
    });
  },
  { SIGNALS_HOLD: 'presentation-attack', EGRESS_ALLOW: '127.0.0.1/32' },
);

it('reads that were added up are recorded when the service stops', async () => {
  const folder = temporaryFolder('audit');
  try {
    const { url, adminKey, close } = await startTestService({ FACECODE_DATA_DIR: folder });
    for (let n = 0; n < 3; n += 1) await new Client(url, adminKey).get('/v1/attempts').expect(200);
    await close();
    const database = await openDatabase(readSettings(testEnvironment(folder)));
    const { rows } = await database.query(
      `select data->'reads' as reads from events where type = 'audit.read' order by at`,
    );
    await database.close();
    expect(rows).toEqual([{ reads: 1 }, { reads: 2 }]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
