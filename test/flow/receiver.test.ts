import { createHash, randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { onEveryStore } from '../support/world.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook, type Sending, sign } from '../support/webhook.js';

interface Kept {
  state: string;
  verdict: string | null;
  error: string | null;
  duplicates: number;
  key_index: number;
}

const noStatus = 'there is no usable status';
const noSession = 'there is neither a usable token nor a usable scanRef';
const secondKey = 'a-second-signing-key';

onEveryStore(
  'the webhook receiver',
  (world) => {
    const send = (body: object | string, sending?: Sending) => sendWebhook(world().url, body, sending);
    const all = async () =>
      (
        await world().database.query<Kept>(
          'select state, verdict, error, duplicates, key_index from webhooks order by id',
        )
      ).rows;
    const newest = async () => (await all()).at(-1);
    const result = (token: string, rest: object = {}) => ({
      id: randomUUID(),
      token,
      status: 'FAILED',
      type: 'AUTHENTICATION',
      method: 'FACE_MATCHING',
      facePhoto: null,
      ...rest,
    });
    /** A live session of one attempt and its token. */
    const live = async (scanRef: string) => {
      const session = await world().client.create(scanRef, { maxAttempts: 1, channels: ['code', 'sdk'] });
      return { session, token: session.attempt!.token! };
    };

    /** The quarantine events of a body. */
    const quarantined = (body: string) => {
      const digest = createHash('sha256').update(body).digest('hex');
      return world().client.untilRecorded('webhook.quarantined', 'the event', ({ data }) => data.digest === digest);
    };

    it('keeps a result, answers 200 and applies it', async () => {
      const { session, token } = await live('receiver-1');
      const answer = await send(result(token, { scanRef: 'receiver-1' })).expect(200);
      expect(answer.body).toEqual({ received: true });
      await world().client.until(session.id, 'the verdict', ({ status }) => status === 'failed');
      await waitFor(async () => (await newest())?.state === 'applied', { what: 'the webhook to be applied' });
      expect(await newest()).toMatchObject({ verdict: 'moved', duplicates: 0, key_index: 0 });
    });

    it('counts the same body again, without a second effect', async () => {
      const { session, token } = await live('receiver-2');
      const body = JSON.stringify(result(token));
      await send(body).expect(200, { received: true });
      await send(body).expect(200, { received: true, duplicate: true });
      await send(body).expect(200, { received: true, duplicate: true });
      await world().client.until(session.id, 'the verdict', ({ status }) => status === 'failed');
      expect(await newest()).toMatchObject({ duplicates: 2 });
      const events = await world().client.untilEvent(session.id, 'session.failed');
      expect(events.filter(({ type }) => type === 'attempt.retry')).toHaveLength(1);
    });

    it('counts a body that comes many times at once only once', async () => {
      const { session, token } = await live('receiver-parallel');
      const body = JSON.stringify(result(token));
      const answers = await Promise.all(Array.from({ length: 20 }, () => send(body)));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
      expect(answers.filter((answer) => !('duplicate' in (answer.body as object)))).toHaveLength(1);
      const events = await world().client.untilEvent(session.id, 'session.failed');
      expect(events.filter(({ type }) => type === 'attempt.retry')).toHaveLength(1);
    });

    it('keeps a result of an unknown token as unmatched, and matches it when the token becomes known', async () => {
      await send(result('NobodyKnowsThisToken')).expect(200, { received: true });
      await waitFor(async () => (await newest())?.state === 'unmatched', { what: 'the webhook to be set aside' });
      expect(await newest()).toMatchObject({ verdict: 'unknown-token' });
    });

    it('keeps other event types and does nothing', async () => {
      const { session, token } = await live('receiver-other');
      for (const eventType of ['IDENTIFICATION', 'DOCUMENT_EXPIRATION', 'AML_MONITORING']) {
        await send({ ...result(token, { status: 'SUCCESS' }), final: true }, { eventType }).expect(200, {
          received: true,
        });
        expect(await newest()).toMatchObject({ state: 'ignored' });
      }
      await send({ final: true, clientId: randomUUID() }, { eventType: 'IDENTIFICATION' }).expect(200, {
        received: true,
      });
      expect(await newest()).toMatchObject({ state: 'ignored' });
      expect(await world().client.session(session.id)).toMatchObject({ status: 'active' });
    });

    it('applies a result without an event type', async () => {
      const { session, token } = await live('receiver-no-type');
      await send(result(token), { eventType: null }).expect(200, { received: true });
      await world().client.until(session.id, 'the verdict', ({ status }) => status === 'failed');
    });

    it.each([
      ['no JSON', 'hello', 'FACIAL_AUTHENTICATION'],
      ['no JSON of another type', '<xml/>', 'IDENTIFICATION'],
      ['half of it', '{"token":"a","status":', 'FACIAL_AUTHENTICATION'],
    ])('answers 400 to a signed body with %s, and keeps it in quarantine', async (_, body, eventType) => {
      const answer = await send(body, { eventType }).expect(400);
      expect(answer.body).toMatchObject({ code: 'invalid-request' });
      expect(await newest()).toMatchObject({ state: 'quarantined', error: expect.any(String) });
      expect(await quarantined(body)).toMatchObject([{ data: { reason: 'the body is not JSON' } }]);
      await send(body, { eventType }).expect(400);
      expect(await newest()).toMatchObject({ duplicates: 1 });
    });

    it.each([
      ['a list', '[]', 'FACIAL_AUTHENTICATION', 'the body is not a JSON object'],
      ['a text', '"SUCCESS"', 'FACIAL_AUTHENTICATION', 'the body is not a JSON object'],
      ["the dashboard's test message", '{"message":"Test webhook"}', 'FACIAL_AUTHENTICATION', noStatus],
      ['neither token nor scanRef', '{"status":"SUCCESS"}', 'FACIAL_AUTHENTICATION', noSession],
      ['neither token nor scanRef, and no event type', '{"status":"FAILED"}', null, noSession],
      ['null for token and scanRef', '{"status":"FAILED","token":null,"scanRef":null}', null, noSession],
      ['empty texts for token and scanRef', '{"status":"FAILED","token":"","scanRef":""}', null, noSession],
      ['neither token nor scanRef, and a status that is not final', '{"status":"PENDING"}', null, noSession],
      ['no status', '{"token":"abc"}', 'FACIAL_AUTHENTICATION', noStatus],
      [
        'a status that is an object',
        '{"token":"abc","status":{"overall":"SUCCESS"}}',
        'FACIAL_AUTHENTICATION',
        noStatus,
      ],
      ['a token that is a number', '{"token":7,"status":"SUCCESS"}', 'FACIAL_AUTHENTICATION', noSession],
      ['a token with a NUL', '{"token":"a\\u0000","status":"SUCCESS"}', 'FACIAL_AUTHENTICATION', noSession],
      ['a scanRef that is a number', '{"scanRef":7,"status":"SUCCESS"}', 'FACIAL_AUTHENTICATION', noSession],
    ])('answers 200 to signed JSON with %s, and keeps it in quarantine', async (_, body, eventType, reason) => {
      await send(body, { eventType }).expect(200, { received: true, quarantined: true });
      expect(await newest()).toMatchObject({ state: 'quarantined', error: reason, duplicates: 0 });
      expect(await quarantined(body)).toMatchObject([{ data: { eventType, reason } }]);
      await send(body, { eventType }).expect(200, { received: true, duplicate: true });
      expect(await newest()).toMatchObject({ state: 'quarantined', duplicates: 1 });
      expect(await quarantined(body)).toHaveLength(1);
    });

    it.each([
      ['none', { key: null }],
      ['another key', { key: 'not-the-key' }],
      ['no hex', { signature: 'z'.repeat(64) }],
      ['upper case', { signature: sign('{}', 'sim-signing-key').toUpperCase() }],
      ['a short one', { signature: 'abcdef' }],
      ['an empty one', { signature: '' }],
    ] as [string, Sending][])('answers 401 to a signature that is %s, and keeps nothing', async (_, sending) => {
      const before = (await all()).length;
      const { token } = await live(`receiver-${randomUUID()}`);
      const answer = await send(result(token, { status: 'SUCCESS' }), sending).expect(401);
      expect(answer.body).toMatchObject({ code: 'unauthenticated' });
      expect(await all()).toHaveLength(before);
    });

    it('answers 401 when a byte was changed on the way', async () => {
      const { token } = await live('receiver-tampered');
      const body = JSON.stringify(result(token));
      await send(body.replace('FAILED', 'SUCCESS'), { signature: sign(body, 'sim-signing-key') }).expect(401);
      await send(` ${body}`, { signature: sign(body, 'sim-signing-key') }).expect(401);
    });

    it('takes any of the configured keys, and remembers which', async () => {
      const { session, token } = await live('receiver-rotation');
      await send(result(token), { key: secondKey }).expect(200);
      await world().client.until(session.id, 'the verdict', ({ status }) => status === 'failed');
      expect(await newest()).toMatchObject({ key_index: 1 });
    });

    it('answers 413 to more than 64 KB and 415 to what is not JSON or is compressed, before it looks at the signature', async () => {
      const before = (await all()).length;
      await send(result('t', { padding: 'x'.repeat(65 * 1024) })).expect(413);
      await send(result('t'), { contentType: 'text/plain' }).expect(415);
      await send(result('t')).set('content-encoding', 'gzip').expect(415);
      expect(await all()).toHaveLength(before);
    });

    it.each(['PENDING', 'success!', 'APPROVED', '', 'ſuccess'])('never lets the status %j decide', async (status) => {
      const { session, token } = await live(`receiver-status-${randomUUID()}`);
      await send(result(token, { status })).expect(200);
      await waitFor(async () => (await newest())?.state === 'ignored', { what: 'the webhook to be ignored' });
      expect(await world().client.session(session.id)).toMatchObject({ status: 'active' });
    });

    it.each([
      ['scanRef', { scanRef: 'somebody-else' }],
      ['type', { type: 'IDENTIFICATION' }],
      ['method', { method: 'ACTIVE_LIVENESS' }],
    ])('grants nothing when the result is about another %s', async (_, claim) => {
      const { session, token } = await live(`receiver-mismatch-${randomUUID()}`);
      await send(result(token, { status: 'SUCCESS', ...claim })).expect(200);
      const events = await world().client.untilEvent(session.id, 'risk.flagged');
      expect(events.at(-2)?.data).toMatchObject({ reason: 'mismatched-session' });
      expect(await world().client.session(session.id)).toMatchObject({ status: 'active' });
    });

    it('keeps no photo and no address of one', async () => {
      const { token } = await live('receiver-photo');
      const photo = 'https://photos.invalid/face/very-private.jpg?sig=abc';
      await send(result(token, { facePhoto: photo, note: `see ${photo}` })).expect(200);
      const { rows } = await world().database.query<{ dump: string }>(`select webhooks::text as dump from webhooks`);
      expect(rows.map(({ dump }) => dump).join()).not.toContain(Buffer.from('very-private').toString('hex'));
      expect(rows.map(({ dump }) => dump).join()).not.toContain('very-private');
    });
  },
  { IDENFY_WEBHOOK_KEYS: `sim-signing-key,${secondKey}` },
);
