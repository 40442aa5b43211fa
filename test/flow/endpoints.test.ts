/** Endpoints by the API: what is asked for, answered and refused. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createEndpoint, deliveriesOf, type EndpointBody, untilDelivery } from '../support/endpoints.js';
import { type Receiver, startReceiver, verify } from '../support/receiver.js';
import { onEveryStore } from '../support/world.js';
import type { DeliveryBody } from '../support/endpoints.js';

onEveryStore(
  'endpoints',
  (world) => {
    let receiver: Receiver;
    beforeAll(async () => {
      receiver = await startReceiver();
    });
    afterAll(() => receiver.close());

    const client = () => world().client;
    const create = (rest: object = {}) => createEndpoint(client(), receiver, rest);
    const keyWith = async (scope: string) => {
      const { body } = await client()
        .post('/v1/api-keys', { name: scope, scopes: [scope] })
        .expect(201);
      return client().as((body as { key: string }).key);
    };
    const patch = (id: string, body: object) => client().patch(`/v1/endpoints/${id}`, body);
    const fieldsOf = (body: unknown) => (body as { errors?: { field: string }[] }).errors?.map(({ field }) => field);

    it('are created with a secret that is shown once and lies sealed', async () => {
      const url = `${receiver.url}/created`;
      const { body } = await client()
        .post('/v1/endpoints', { url, eventTypes: ['attempt.*', 'session.passed'], description: 'orders' })
        .expect(201);
      const { secret, ...created } = body as EndpointBody;
      expect(created).toEqual({
        id: expect.stringMatching(/^ep_[0-9a-f]{32}$/),
        platform: '*',
        url,
        eventTypes: ['attempt.*', 'session.passed'],
        description: 'orders',
        disabled: false,
        disabledReason: null,
        disabledAt: null,
        failingSince: null,
        heldUntil: null,
        createdAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
        updatedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      });
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect((await client().get(`/v1/endpoints/${created.id}`).expect(200)).body).toEqual(created);
      const listed = (await client().get('/v1/endpoints?limit=200').expect(200)).body as { data: EndpointBody[] };
      expect(listed.data.find(({ id }) => id === created.id)).toEqual(created);
      const { rows } = await world().database.query('select * from endpoints where id = $1', [created.id]);
      const dump = JSON.stringify(rows, (_, value: unknown) =>
        (value as { type?: string })?.type === 'Buffer'
          ? Buffer.from((value as { data: number[] }).data).toString('latin1')
          : value,
      );
      expect(dump).toContain(url);
      expect(dump).not.toContain(secret.slice(6));
    });

    it('get every event when they do not say which', async () => {
      expect(await create()).toMatchObject({ eventTypes: ['*'], description: '' });
    });

    it.each([
      [{}, 'url'],
      [{ url: 7 }, 'url'],
      [{ url: '' }, 'url'],
      [{ url: 'https://example.com', eventTypes: ['attempt.exploded'] }, 'eventTypes'],
      [{ url: 'https://example.com', eventTypes: ['nobody.*'] }, 'eventTypes'],
      [{ url: 'https://example.com', eventTypes: [] }, 'eventTypes'],
      [{ url: 'https://example.com', eventTypes: 'attempt.*' }, 'eventTypes'],
      [{ url: 'https://example.com', eventTypes: null }, 'eventTypes'],
      [{ url: 'https://example.com', eventTypes: ['*', '*'] }, 'eventTypes'],
      [{ url: 'https://example.com', description: 'x'.repeat(501) }, 'description'],
      [{ url: 'https://example.com', secret: 'whsec_mine' }, 'secret'],
    ])('are refused with %j', async (body, field) => {
      const answer = await client().post('/v1/endpoints', body).expect(400);
      expect(answer.body).toMatchObject({ code: 'invalid-request' });
      expect(fieldsOf(answer.body)).toContain(field);
    });

    it('are refused with their host and EGRESS_ALLOW, in the same words for every address that the host resolves to', async () => {
      const urls = [
        'http://8.8.8.8/',
        'https://10.0.0.1/',
        'https://169.254.169.254/latest/meta-data',
        'https://[::1]/',
        'https://[fd00::1]/',
        'https://user:pass@8.8.8.8/',
        'https://8.8.8.8:22/',
        'ftp://8.8.8.8/',
        'https://nobody.invalid/',
        'nonsense',
      ];
      const answers = await Promise.all(urls.map((url) => client().post('/v1/endpoints', { url })));
      expect(answers.map(({ status }) => status)).toEqual(urls.map(() => 400));
      // The answer has the host as the caller wrote it, but not the addresses that it resolves to.
      const told = (answer: { body: unknown }, url: string) =>
        JSON.stringify({ ...(answer.body as object), requestId: '' }).replaceAll(hostOf(url), 'HOST');
      const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : 'this URL');
      const words = answers.map((answer, index) => told(answer, urls[index]!));
      expect([...new Set(words)]).toHaveLength(1);
      expect(words[0]).toMatch(/Nothing may be sent to HOST.*EGRESS_ALLOW/);
      expect(fieldsOf(answers[0]!.body)).toEqual(['url']);
      const { id, url } = await create();
      const changed = await patch(id, { url: urls[1] }).expect(400);
      expect(told(changed, urls[1]!)).toBe(words[0]);
      expect((await client().get(`/v1/endpoints/${id}`)).body).toMatchObject({ url });
    });

    it('are paged from the newest to the oldest', async () => {
      const made = [await create(), await create(), await create()].map(({ id }) => id).reverse();
      const seen: string[] = [];
      let cursor = '';
      while (seen.length < 3) {
        const { body } = await client()
          .get(`/v1/endpoints?limit=1${cursor && `&cursor=${cursor}`}`)
          .expect(200);
        const { data, nextCursor } = body as { data: EndpointBody[]; nextCursor: string };
        seen.push(...data.map(({ id }) => id));
        cursor = nextCursor;
      }
      expect(seen).toEqual(made);
      for (const query of ['limit=0', 'limit=201', 'cursor=nonsense', 'page=2']) {
        await client().get(`/v1/endpoints?${query}`).expect(400);
      }
    });

    it('are changed field by field, disabled and enabled', async () => {
      const { id, url } = await create({ eventTypes: ['attempt.*'] });
      const changes = { url: `${url}-moved`, eventTypes: ['*'], description: 'moved' };
      expect((await patch(id, changes).expect(200)).body).toMatchObject({ ...changes, disabled: false });
      const disabled = await patch(id, { disabled: true }).expect(200);
      expect(disabled.body).toMatchObject({ ...changes, disabled: true, disabledReason: 'by-request' });
      for (const path of ['test', 'recover']) {
        const refused = await client()
          .post(`/v1/endpoints/${id}/${path}`, path === 'test' ? {} : { since: 0 })
          .expect(409);
        expect(refused.body).toMatchObject({ code: 'endpoint-disabled' });
      }
      const enabled = await patch(id, { disabled: false }).expect(200);
      expect(enabled.body).toMatchObject({ ...changes, disabled: false, disabledReason: null, disabledAt: null });
      for (const wrong of [{ disabled: 'yes' }, { disabled: null }, { enabled: true }, { eventTypes: ['x'] }]) {
        await patch(id, wrong).expect(400);
      }
    });

    it('are gone when they are deleted, with their deliveries', async () => {
      const { id, path } = await create();
      const { body } = await client().post(`/v1/endpoints/${id}/test`).expect(202);
      await receiver.until(1, path);
      await client().delete(`/v1/endpoints/${id}`).expect(204);
      for (const gone of [
        `/v1/endpoints/${id}`,
        `/v1/endpoints/${id}/deliveries`,
        `/v1/deliveries/${(body as DeliveryBody).id}`,
      ]) {
        await client().get(gone).expect(404);
      }
      await client().delete(`/v1/endpoints/${id}`).expect(404);
      await client()
        .post(`/v1/deliveries/${(body as DeliveryBody).id}/retry`)
        .expect(404);
    });

    it('are not found by an id that is unknown or malformed', async () => {
      for (const id of [`ep_${'0'.repeat(32)}`, 'ep_1', 'nonsense', `ses_${'0'.repeat(32)}`, '%00']) {
        const answers = await Promise.all([
          client().get(`/v1/endpoints/${id}`),
          patch(id, { description: 'x' }),
          client().delete(`/v1/endpoints/${id}`),
          client().post(`/v1/endpoints/${id}/rotate-secret`, {}),
          client().post(`/v1/endpoints/${id}/test`),
          client().post(`/v1/endpoints/${id}/recover`, { since: 0 }),
          client().get(`/v1/endpoints/${id}/deliveries`),
          client().get(`/v1/deliveries/${id}`),
          client().post(`/v1/deliveries/${id}/retry`),
        ]);
        expect(answers.map(({ body }) => (body as { code: string }).code)).toEqual(answers.map(() => 'not-found'));
      }
    });

    it('need the scope endpoints', async () => {
      const { id } = await create({ platform: 'main' });
      for (const scope of ['sessions', 'audit', 'review']) {
        const other = await keyWith(scope);
        await other.get('/v1/endpoints').expect(403);
        await other.post('/v1/endpoints', { url: receiver.url }).expect(403);
        await other.post(`/v1/endpoints/${id}/rotate-secret`, {}).expect(403);
        await other.get(`/v1/endpoints/${id}/deliveries`).expect(403);
        await other.get(`/v1/deliveries/dlv_${'0'.repeat(32)}`).expect(403);
      }
      await (await keyWith('endpoints')).get(`/v1/endpoints/${id}`).expect(200);
      await client().as('fc_nobody').get('/v1/endpoints').expect(401);
    });

    it('are tried out with a signed event of their own, which is in no journal', async () => {
      const endpoint = await create({ eventTypes: ['session.passed'] });
      receiver.behave({ status: 201, body: 'thanks', headers: { 'x-more': 'y' } });
      const { body } = await client().post(`/v1/endpoints/${endpoint.id}/test`).expect(202);
      const [request] = await receiver.until(1, endpoint.path);
      receiver.behave({});
      expect(verify(endpoint.secret, request!)).toEqual({
        id: (body as DeliveryBody).eventId,
        type: 'endpoint.test',
        platform: null,
        sessionId: null,
        attemptId: null,
        seq: null,
        position: null,
        at: expect.any(String),
        actor: { kind: 'api-key', id: expect.stringMatching(/^key_/) },
        data: { endpointId: endpoint.id },
        personal: null,
        personalDigest: null,
      });
      expect(request!.headers).toMatchObject({
        'content-type': 'application/json',
        'user-agent': expect.stringMatching(/^Facecode/),
        'webhook-id': (body as DeliveryBody).eventId,
        'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
        'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      });
      const done = await untilDelivery(
        client(),
        (body as DeliveryBody).id,
        'its end',
        ({ state }) => state !== 'pending',
      );
      expect(done).toMatchObject({
        endpointId: endpoint.id,
        eventType: 'endpoint.test',
        position: null,
        state: 'delivered',
        nextTryAt: null,
        attempts: [{ status: 201, error: null, responseBody: 'thanks', durationSeconds: expect.any(Number) }],
      });
      const [listed] = await deliveriesOf(client(), endpoint.id);
      expect(listed!.attempts[0]).not.toHaveProperty('responseBody');
      const { rows } = await world().database.query('select from events where id = $1', [
        (body as DeliveryBody).eventId,
      ]);
      expect(rows).toEqual([]);
    });

    it('are signed for with the old secret beside the new one while the two overlap', async () => {
      // Not the acts of administration of other tests.
      const endpoint = await create({ eventTypes: ['session.created'] });
      const rotate = async (body?: object) => {
        const answer = await client().post(`/v1/endpoints/${endpoint.id}/rotate-secret`, body).expect(200);
        return (answer.body as EndpointBody).secret;
      };
      const test = async (count: number) => {
        await client().post(`/v1/endpoints/${endpoint.id}/test`).expect(202);
        return (await receiver.until(count, endpoint.path)).at(-1)!;
      };
      const second = await rotate();
      const both = await test(1);
      expect(both.headers['webhook-signature']!.split(' ')).toHaveLength(2);
      for (const secret of [endpoint.secret, second]) verify(secret, both);
      const third = await rotate({ overlapSeconds: 0 });
      const alone = await test(2);
      verify(third, alone);
      for (const secret of [endpoint.secret, second]) expect(() => verify(secret, alone)).toThrow();
      for (const wrong of [
        { overlapSeconds: -1 },
        { overlapSeconds: 604_801 },
        { overlapSeconds: '60' },
        { overlap: 1 },
      ]) {
        await client().post(`/v1/endpoints/${endpoint.id}/rotate-secret`, wrong).expect(400);
      }
    });

    it('have every change recorded with the key that made it, without secrets, and are not sent it', async () => {
      const made = await client().post('/v1/api-keys', { name: 'desk', scopes: ['endpoints'], owner: 'Ben Jones' });
      const key = made.body as { id: string; key: string };
      const desk = client().as(key.key);
      const listening = await create({ eventTypes: ['endpoint.*'] });
      const url = `${receiver.url}/services/T-secret-path`;
      const created = (await desk.post('/v1/endpoints', { url, description: 'secret words' }).expect(201)).body;
      const { id, secret } = created as EndpointBody;
      await desk.patch(`/v1/endpoints/${id}`, { eventTypes: ['attempt.*'], description: 'other words' }).expect(200);
      await desk.patch(`/v1/endpoints/${id}`, { eventTypes: ['attempt.*'] }).expect(200);
      await desk.patch(`/v1/endpoints/${id}`, { disabled: true }).expect(200);
      await desk.post(`/v1/endpoints/${id}/rotate-secret`, { overlapSeconds: 60 }).expect(200);
      await desk.delete(`/v1/endpoints/${id}`).expect(204);
      await desk.delete(`/v1/endpoints/${id}`).expect(404);
      const ofEndpoint = ({ data }: { data: Record<string, unknown> }) => data.endpointId === id;
      const acts = 'endpoint.created,endpoint.updated,endpoint.secret-rotated,endpoint.deleted';
      await client().untilRecorded('endpoint.deleted', 'the deletion', ofEndpoint);
      const events = await client().untilRecorded(acts, 'the acts', ofEndpoint);
      const urlDigest = createHash('sha256').update(url).digest('hex');
      const about = { endpointId: id, platform: 'main', origin: receiver.url, urlDigest };
      const patched = { ...about, eventTypes: ['attempt.*'] };
      expect(events.map(({ type, data }) => [type, data])).toEqual([
        ['endpoint.created', { ...about, eventTypes: ['*'], disabled: false }],
        ['endpoint.updated', { ...patched, disabled: false, changed: ['eventTypes', 'description'] }],
        ['endpoint.updated', { ...patched, disabled: true, changed: ['disabled'] }],
        ['endpoint.secret-rotated', { ...patched, disabled: true, overlapSeconds: 60 }],
        ['endpoint.deleted', { ...patched, disabled: true }],
      ]);
      const actor = { kind: 'api-key', id: key.id, name: 'desk', owner: 'Ben Jones' };
      for (const event of events) expect(event).toMatchObject({ platform: 'main', sessionId: null, actor });
      const text = JSON.stringify(events);
      for (const hidden of [secret.slice(6), 'secret-path', 'words']) expect(text).not.toContain(hidden);
      await receiver.until(5, listening.path);
      const heard = (await deliveriesOf(client(), listening.id)).map(({ eventId }) => eventId).sort();
      expect(heard).toEqual(events.map(({ id: eventId }) => eventId).sort());
      const { rows } = await world().database.query(
        'select from deliveries where endpoint_id = $1 and event_id = any($2::text[])',
        [id, heard],
      );
      expect(rows).toEqual([]);
    });

    it('are 250 a platform at most, also when many are created at once', async () => {
      const { database } = world();
      const ask = (platform: string) =>
        client()
          .post('/v1/endpoints', { url: `${receiver.url}/crowd`, platform, eventTypes: ['endpoint.disabled'] })
          .then((answer) => answer);
      const first = (await ask('crowded')).body as EndpointBody;
      await database.query(
        `insert into endpoints select copy.* from endpoints, generate_series(1, 246) as nth,
           lateral jsonb_populate_record(endpoints, jsonb_build_object('id', 'ep_' || lpad(nth::text, 32, '0'))) as copy
         where endpoints.id = $1`,
        [first.id],
      );
      const answers = await Promise.all(Array.from({ length: 10 }, () => ask('crowded')));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([
        ...Array<number>(3).fill(201),
        ...Array<number>(7).fill(409),
      ]);
      const refused = answers.find(({ status }) => status === 409)!;
      expect(refused.body).toMatchObject({ code: 'limit-reached', detail: expect.stringContaining('250') });
      expect((await ask('roomy')).status).toBe(201);
      await client().delete(`/v1/endpoints/${first.id}`).expect(204);
      expect((await ask('crowded')).status).toBe(201);
      expect((await ask('crowded')).status).toBe(409);
      await database.query(
        `update endpoints set deleted_at = now(), secrets_sealed = null where platform in ('crowded', 'roomy')`,
      );
    });

    it('have a page for every reason why a delivery got no answer', async () => {
      const index = await client().get('/problems/deliveries').expect(200);
      const links = [...index.text.matchAll(/href="(\/problems\/deliveries\/[a-z-]+)"/g)].map(([, path]) => path!);
      expect(links).toContain('/problems/deliveries/destination-not-allowed');
      for (const path of links) await client().get(path).expect(200).expect('content-type', /html/);
      await client().get('/problems/deliveries/nothing').expect(404);
      await client().get('/problems/endpoint-disabled').expect(200);
    });
  },
  { EGRESS_ALLOW: '127.0.0.0/8' },
);
