import { createHash, randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { WebhooksStore } from '../../src/webhooks/webhooks.store.js';
import { runRetention } from '../support/retention.js';
import { onEveryStore } from '../support/world.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook, type Sending } from '../support/webhook.js';

interface Item {
  id: string;
  state: string;
  verdict: string | null;
  error: string | null;
  eventType: string | null;
  attemptId: string | null;
  sessionId: string | null;
  digest: string;
  keyIndex: number;
  duplicates: number;
  replays: number;
  bodyPurged: boolean;
  receivedAt: string;
  appliedAt: string | null;
}

interface Page {
  data: Item[];
  nextCursor: string | null;
}

const photo = 'https://photos.invalid/face/very-private.jpg';

onEveryStore(
  'received webhooks',
  (world) => {
    const result = (token: string, rest: object = {}) =>
      JSON.stringify({ id: randomUUID(), token, status: 'FAILED', method: 'FACE_MATCHING', facePhoto: photo, ...rest });
    const send = (body: string, sending?: Sending) => sendWebhook(world().url, body, sending);
    const list = async (query = '') => (await world().client.get(`/v1/webhooks?${query}`).expect(200)).body as Page;
    const ofToken = async (token: string) => (await list(`token=${token}`)).data;
    const newToken = () => randomUUID().replaceAll('-', '');
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const live = async (scanRef: string) => {
      const session = await world().client.create(scanRef, { maxAttempts: 1, channels: ['code', 'sdk'] });
      return { session, token: session.attempt!.token! };
    };
    /** The one webhook of the token, once it is so. */
    const untilIn = (token: string, state: string) =>
      waitFor(async () => (await ofToken(token)).find((item) => item.state === state), { what: `state ${state}` });
    const replay = async (id: string) =>
      (await world().client.post(`/v1/webhooks/${id}/replay`).expect(200)).body as Item;
    const keyWith = async (scope: string) => {
      const { body } = await world()
        .client.post('/v1/api-keys', { name: scope, scopes: [scope] })
        .expect(201);
      return world().client.as((body as { key: string }).key);
    };
    const query = (sql: string, values: unknown[]) => world().database.query(sql, values);

    it('are listed with what became of them, and without token and body', async () => {
      const { session, token } = await live('admin-list');
      const body = result(token, { scanRef: 'admin-list', ipAddress: '203.0.113.77' });
      await send(body).expect(200);
      await send(body).expect(200);
      const item = await untilIn(token, 'applied');
      expect(item).toEqual({
        id: expect.stringMatching(/^whk_[0-9a-f]{32}$/),
        state: 'applied',
        verdict: 'moved',
        error: null,
        eventType: 'FACIAL_AUTHENTICATION',
        attemptId: session.attempt!.id,
        sessionId: session.id,
        digest: sha256(body),
        keyIndex: 0,
        duplicates: 1,
        replays: 0,
        bodyPurged: false,
        receivedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
        appliedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      });
      const text = JSON.stringify(await list('limit=200'));
      for (const secret of [token, photo, '203.0.113.77']) expect(text).not.toContain(secret);
    });

    it('are paged from the newest to the oldest, each once, also while new ones come', async () => {
      const token = newToken();
      const digests: string[] = [];
      for (let n = 0; n < 5; n += 1) {
        const body = result(token, { n });
        await send(body).expect(200);
        digests.unshift(sha256(body));
      }
      const seen: string[] = [];
      let cursor: string | null = null;
      let pages = 0;
      do {
        const page: Page = await list(`token=${token}&limit=2${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
        seen.push(...page.data.map(({ digest }) => digest));
        cursor = page.nextCursor;
        pages += 1;
        if (pages === 1) await send(result(token, { late: true })).expect(200);
      } while (cursor);
      expect(seen).toEqual(digests);
      expect(pages).toBe(3);
    });

    it('are filtered by state, token and time', async () => {
      const token = newToken();
      await send(result(token, { n: 1 }), { eventType: 'AML_MONITORING' }).expect(200);
      await send(result(token, { n: 2 })).expect(200);
      const unmatched = await untilIn(token, 'unmatched');
      const ids = async (more: string) => (await list(`token=${token}&${more}`)).data.map(({ id }) => id);
      const [, ignored] = await ofToken(token);
      expect(await ids('state=unmatched')).toEqual([unmatched.id]);
      expect(await ids('state=ignored')).toEqual([ignored!.id]);
      expect(await ids('state=applied')).toEqual([]);
      expect(await ids(`from=${unmatched.receivedAt}`)).toEqual([unmatched.id]);
      expect(await ids(`to=${unmatched.receivedAt}`)).toEqual([ignored!.id]);
      expect(await ofToken(newToken())).toEqual([]);
    });

    it.each([
      ['limit=0', 'limit'],
      ['limit=201', 'limit'],
      ['state=open', 'state'],
      ['from=yesterday', 'from'],
      ['from=2026-W01', 'from'],
      ['to=tomorrow', 'to'],
      ['token=', 'token'],
      ['token=%00', 'token'],
      ['cursor=nonsense', 'cursor'],
      ['digest=00', 'digest'],
    ])('are not listed for ?%s', async (asked, field) => {
      const answer = await world().client.get(`/v1/webhooks?${asked}`).expect(400);
      expect((answer.body as { errors: { field: string }[] }).errors.map((error) => error.field)).toContain(field);
    });

    it('are listed for the scope audit only, and replayed for admin only', async () => {
      const [{ id }] = (await list('limit=1')).data as [Item];
      for (const scope of ['sessions', 'review', 'endpoints']) {
        const client = await keyWith(scope);
        await client.get('/v1/webhooks').expect(403);
        await client.post(`/v1/webhooks/${id}/replay`).expect(403);
      }
      const audit = await keyWith('audit');
      await audit.get('/v1/webhooks').expect(200);
      await audit.post(`/v1/webhooks/${id}/replay`).expect(403);
      await world().client.as('fc_nobody').get('/v1/webhooks').expect(401);
    });

    it('of other event types leave only their digest, and cannot be replayed', async () => {
      const token = newToken();
      const body = result(token);
      await send(body, { eventType: 'IDENTIFICATION_EXPIRED' }).expect(200);
      const ignored = await untilIn(token, 'ignored');
      expect(ignored).toMatchObject({ digest: sha256(body), eventType: 'IDENTIFICATION_EXPIRED', bodyPurged: true });
      const answer = await world().client.post(`/v1/webhooks/${ignored.id}/replay`).expect(404);
      expect(answer.body).toMatchObject({ code: 'not-found', detail: expect.stringContaining('only the digests') });
      // The header is not signed, so it is no place for other text.
      await send(result(token, { n: 2 }), { eventType: 'Jane Sample' }).expect(200);
      expect((await ofToken(token))[0]).toMatchObject({ state: 'ignored', eventType: 'UNREADABLE', bodyPurged: true });
    });

    it('are applied when they are replayed, as if they had just come', async () => {
      const { session, token } = await live('admin-replay');
      // As if an earlier version had not taken the event for a result.
      const body = Buffer.from(result(token));
      const digest = createHash('sha256').update(body).digest();
      const earlier = { body, digest, eventType: 'FACIAL_AUTHENTICATION', keyIndex: 0, state: 'ignored' as const };
      const rest = { tokenDigest: null, scanRefDigest: null, error: null, receivedAt: new Date() };
      const store = world().service.service.app.get(WebhooksStore);
      const [kept] = await world().database.transaction((tx) => store.keep(tx, [{ ...earlier, ...rest }]));
      const ignored = kept!;
      expect(await replay(ignored.id)).toMatchObject({
        state: 'applied',
        verdict: 'moved',
        attemptId: session.attempt!.id,
        sessionId: session.id,
        replays: 1,
      });
      expect(await world().client.session(session.id)).toMatchObject({ status: 'failed' });
      const replays = await world().client.untilRecorded(
        'webhook.replayed',
        'the replay that applied it',
        ({ data }) => data.webhookId === ignored.id && data.state === 'applied',
      );
      const about = {
        webhookId: ignored.id,
        digest: digest.toString('hex'),
        attemptId: session.attempt!.id,
        verdict: 'moved',
      };
      expect(replays).toMatchObject([
        {
          platform: null,
          actor: { kind: 'api-key', name: 'bootstrap admin', owner: null },
          data: { ...about, stateBefore: 'ignored', state: 'applied' },
        },
      ]);
      expect(JSON.stringify(replays)).not.toContain(token);
    });

    it('bring nothing about twice, however often they are replayed', async () => {
      const { session, token } = await live('admin-twice');
      await send(result(token)).expect(200);
      const { id } = await untilIn(token, 'applied');
      const before = await world().client.untilEvent(session.id, 'session.failed');
      const again = await Promise.all([replay(id), replay(id), replay(id)]);
      expect(again.map(({ state, verdict }) => [state, verdict])).toEqual(again.map(() => ['applied', 'replayed']));
      expect(again.map(({ replays }) => replays).sort()).toEqual([1, 2, 3]);
      expect(await world().client.session(session.id)).toMatchObject({ seq: before.length });
    });

    it('are refused as before, without a second event', async () => {
      const { session, token } = await live('admin-conflict');
      await send(result(token, { status: 'SUCCESS', scanRef: 'somebody-else' })).expect(200);
      const { id, verdict } = await untilIn(token, 'applied');
      expect(verdict).toBe('mismatched-session');
      const { seq } = await world().client.session(session.id);
      expect(await replay(id)).toMatchObject({ state: 'applied', verdict, replays: 1 });
      expect(await world().client.session(session.id)).toMatchObject({ status: 'active', seq });
    });

    it('stay where they are when they still cannot be read or matched', async () => {
      const token = newToken();
      await send(result(token)).expect(200);
      const { id } = await untilIn(token, 'unmatched');
      expect(await replay(id)).toMatchObject({ state: 'unmatched', verdict: 'unknown-token', replays: 1 });
      await send(`{"broken":"${token}"`).expect(400);
      const [broken] = (await list('state=quarantined&limit=1')).data as [Item];
      expect(await replay(broken.id)).toMatchObject({
        state: 'quarantined',
        error: 'the body is not JSON',
        replays: 1,
      });
    });

    it('are named in the journal when they are quarantined, once, with the digest and not the body', async () => {
      const body = `{"no":"token","private":"${newToken()}"}`;
      await send(body).expect(200, { received: true, quarantined: true });
      await send(body).expect(200, { received: true, duplicate: true });
      const [item] = (await list('state=quarantined&limit=1')).data as [Item];
      expect(item).toMatchObject({ digest: sha256(body), duplicates: 1, error: 'there is no usable status' });
      await replay(item.id);
      const find = async () => {
        const { body: page } = await world().client.get('/v1/events?type=webhook.quarantined&limit=1000').expect(200);
        const { data } = page as { data: { data: { webhookId: string }; sessionId: null }[] };
        return data.filter(({ data: { webhookId } }) => webhookId === item.id);
      };
      const events = await waitFor(async () => ((await find()).length > 0 ? find() : null), { what: 'the event' });
      expect(events).toHaveLength(1);
      expect(events[0]).toMatchObject({
        sessionId: null,
        seq: null,
        actor: { kind: 'system', id: 'webhook-quarantine' },
        data: { digest: sha256(body), eventType: 'FACIAL_AUTHENTICATION', reason: 'there is no usable status' },
      });
    });

    it('are not replayed when nobody knows them', async () => {
      for (const id of [`whk_${'0'.repeat(32)}`, 'whk_1', 'nonsense', `ses_${'0'.repeat(32)}`]) {
        const answer = await world().client.post(`/v1/webhooks/${id}/replay`).expect(404);
        expect(answer.body).toMatchObject({ code: 'not-found' });
      }
    });

    it('lose their body after the retention time, and keep the row and the digest', async () => {
      const token = newToken();
      const [old, young, waiting] = [result(token, { n: 1 }), result(token, { n: 2 }), result(token, { n: 3 })];
      for (const body of [old, young]) await send(body).expect(200);
      await waitFor(async () => (await ofToken(token)).every(({ state }) => state === 'unmatched'), { what: 'both' });
      const age = (body: string, days: number) =>
        query(`update webhooks set received_at = received_at - $2::interval where encode(digest, 'hex') = $1`, [
          sha256(body),
          `${days} days`,
        ]);
      await age(young, 29);
      await age(old, 31);
      const purged = () => list(`token=${token}`).then(({ data }) => data.filter(({ bodyPurged }) => bodyPurged));
      await runRetention(world());
      const gone = await waitFor(async () => ((await purged()).length > 0 ? purged() : null), {
        what: 'the retention',
      });
      expect(gone.map(({ digest }) => digest)).toEqual([sha256(old)]);
      const answer = await world().client.post(`/v1/webhooks/${gone[0]!.id}/replay`).expect(404);
      expect(answer.body).toMatchObject({ code: 'not-found', detail: expect.stringContaining('purged') });
      await send(old).expect(200, { received: true, duplicate: true });
      await send(waiting).expect(200, { received: true });
    });
  },
  { WEBHOOK_BODY_RETENTION_DAYS: '30' },
);
