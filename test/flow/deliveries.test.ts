/** What endpoints get and when, and what happens if they do not answer with 2xx. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { JobDispatcher } from '../../src/queue/job-dispatcher.js';
import { jobs } from '../../src/queue/jobs.js';
import { DeliveryOutcomes } from '../../src/deliveries/delivery-outcomes.service.js';
import { DeliveriesOfSessions } from '../../src/deliveries/deliveries-of-sessions.js';
import {
  createEndpoint,
  type DeliveryBody,
  deliveriesOf,
  type EndpointBody,
  untilDeliveries,
  untilDelivery,
} from '../support/endpoints.js';
import { type ReceivedRequest, type Receiver, startReceiver, verify } from '../support/receiver.js';
import { waitFor } from '../support/wait-for.js';
import { quietJournal } from '../support/quiet-journal.js';
import { onEveryStore } from '../support/world.js';
import type { EventBody } from '../support/client.js';

const lastOfCreation = 'attempt.awaiting-selfie';

onEveryStore(
  'deliveries',
  (world) => {
    quietJournal(world);

    let receiver: Receiver;
    beforeAll(async () => {
      receiver = await startReceiver();
    });
    afterAll(() => receiver.close());

    const client = () => world().client;
    /** Not the acts of administration of other tests. */
    const ofSessions = ['session.*', 'attempt.*', 'risk.*', 'review.*', 'subject.*'];
    const create = (rest: object = {}) => createEndpoint(client(), receiver, { eventTypes: ofSessions, ...rest });
    const query = (sql: string, values: unknown[] = []) => world().database.query(sql, values);
    const test = async (endpointId: string) =>
      (await client().post(`/v1/endpoints/${endpointId}/test`).expect(202)).body as DeliveryBody;
    const endpoint = async (id: string) => (await client().get(`/v1/endpoints/${id}`).expect(200)).body as EndpointBody;
    const session = async (scanRef: string, rest: object = {}) => {
      const { id } = await client().create(scanRef, rest);
      return client().untilEvent(id, lastOfCreation);
    };
    /** Answers by path; all others get 200. */
    const answering = (path: string, answer: Parameters<Receiver['behave']>[0]) =>
      receiver.behave((request) => {
        if (request.path !== path) return {};
        return typeof answer === 'function' ? answer(request) : answer;
      });
    /** Acts as if the wait for the next try, and any hold, were over. */
    const passTime = async (endpointId: string) => {
      await query(`update endpoints set held_until = null where id = $1`, [endpointId]);
      await query(`update deliveries set next_try_at = now() where endpoint_id = $1 and state = 'pending'`, [
        endpointId,
      ]);
      await world().service.service.app.get(JobDispatcher).add(jobs.deliver(endpointId));
    };
    const holdBack = (endpointId: string) =>
      query(`update endpoints set pace = 1, holds = 9, held_until = now() + interval '1 hour' where id = $1`, [
        endpointId,
      ]);
    const eventsOf = async (type: string, endpointId: string): Promise<EventBody[]> => {
      const { body } = await client().get(`/v1/events?type=${type}&limit=1000`).expect(200);
      return (body as { data: EventBody[] }).data.filter(({ data }) => data.endpointId === endpointId);
    };
    const untilEvents = (type: string, endpointId: string) =>
      waitFor(async () => ((await eventsOf(type, endpointId)).length > 0 ? eventsOf(type, endpointId) : null), {
        what: type,
      });

    it('bring every event of a session, signed, in order, once', async () => {
      const { id, secret, path } = await create();
      const events = await session('deliver-all', { metadata: { k: 'v' }, initiator: { ip: '203.0.113.7' } });
      const got = await receiver.until(events.length, path);
      expect(got.map((request) => verify(secret, request))).toEqual(events);
      expect(got.map(({ headers }) => headers['webhook-id'])).toEqual(events.map((event) => event.id));
      const done = await untilDeliveries(client(), id, 'delivered', events.length);
      expect(done.map(({ eventId }) => eventId).reverse()).toEqual(events.map((event) => event.id));
      expect(await deliveriesOf(client(), id)).toHaveLength(events.length);
      expect(receiver.requests.filter((request) => request.path === path)).toHaveLength(events.length);
    });

    it('bring only what the endpoint wants', async () => {
      const [wanted, everything] = [await create({ eventTypes: ['session.*', 'attempt.issued'] }), await create()];
      const events = await session('deliver-some');
      await receiver.until(events.length, everything.path);
      const got = await receiver.until(2, wanted.path);
      expect(got.map(({ event }) => event.type)).toEqual(['session.created', 'attempt.issued']);
    });

    it('begin in the order of the session, one after the other, and a failed one does not hold up later ones', async () => {
      const { id, path } = await create();
      let underWay = 0;
      let atOnce = 0;
      answering(path, async ({ event }) => {
        underWay += 1;
        atOnce = Math.max(atOnce, underWay);
        await new Promise((resolve) => setTimeout(resolve, 30));
        underWay -= 1;
        return { status: event.type === 'session.created' ? 500 : 200 };
      });
      const events = await session('deliver-order');
      const got = await receiver.until(events.length, path);
      expect(got.map(({ event }) => event.seq)).toEqual(events.map(({ seq }) => seq));
      expect(atOnce).toBe(1);
      await untilDeliveries(client(), id, 'delivered', events.length - 1);
      const [failed] = await untilDeliveries(client(), id, 'pending');
      expect(failed).toMatchObject({ eventType: 'session.created', attempts: [{ status: 500, error: null }] });
      receiver.behave({});
      await passTime(id);
      await untilDeliveries(client(), id, 'delivered', events.length);
    });

    it('go on with several sessions at once', async () => {
      const { path } = await create({ eventTypes: ['session.created'] });
      let underWay = 0;
      let open: () => void = () => undefined;
      const three = new Promise<void>((resolve) => (open = resolve));
      answering(path, async () => {
        underWay += 1;
        if (underWay === 3) open();
        await three;
        return {};
      });
      await Promise.all([1, 2, 3].map((n) => session(`deliver-beside-${n}`)));
      await receiver.until(3, path);
      receiver.behave({});
    });

    it('are tried again with the same id and a new timestamp, and every try is kept', async () => {
      const { id, secret, path } = await create();
      let answers = 0;
      answering(path, () => {
        answers += 1;
        return answers < 3 ? { status: 500, body: `${answers}`.repeat(10_000) } : { status: 204 };
      });
      const delivery = await test(id);
      for (const tries of [1, 2]) {
        const pending = await untilDelivery(
          client(),
          delivery.id,
          'a try',
          ({ attempts }) => attempts.length === tries,
        );
        expect(pending).toMatchObject({ state: 'pending' });
        const waitSeconds = (Date.parse(pending.nextTryAt!) - Date.now()) / 1000;
        expect(waitSeconds).toBeLessThanOrEqual(tries === 1 ? 5.5 : 33);
        expect(pending.attempts.at(-1)!.responseBody).toBe(`${tries}`.repeat(4096));
        await passTime(id);
      }
      const done = await untilDelivery(client(), delivery.id, 'its end', ({ state }) => state === 'delivered');
      expect(done.attempts.map(({ status }) => status)).toEqual([500, 500, 204]);
      const got = await receiver.until(3, path);
      expect(new Set(got.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
      for (const request of got) verify(secret, request);
      receiver.behave({});
    });

    it('have failed when the schedule is over, and start again on request', async () => {
      const { id, path } = await create();
      answering(path, { status: 400 });
      const delivery = await test(id);
      await untilDelivery(client(), delivery.id, 'the first try', ({ attempts }) => attempts.length === 1);
      await query('update deliveries set step = 10 where id = $1', [delivery.id]);
      await passTime(id);
      const failed = await untilDelivery(client(), delivery.id, 'its end', ({ state }) => state === 'failed');
      expect(failed).toMatchObject({ nextTryAt: null, endedAt: expect.any(String) });
      expect((await untilDeliveries(client(), id, 'failed'))[0]).toMatchObject({ id: delivery.id });
      receiver.behave({});
      const retried = await client().post(`/v1/deliveries/${delivery.id}/retry`).expect(202);
      expect(retried.body).toMatchObject({ id: delivery.id, state: 'pending' });
      await untilDelivery(client(), delivery.id, 'the retry', ({ state }) => state === 'delivered');
      // A delivered event can be sent once more.
      await client().post(`/v1/deliveries/${delivery.id}/retry`).expect(202);
      await receiver.until(4, path);
      const again = await untilDelivery(client(), delivery.id, 'again', ({ attempts }) => attempts.length === 4);
      expect(again.attempts.map(({ status }) => status)).toEqual([400, 400, 200, 200]);
    });

    it('show a try whose outcome was not recorded as outcome-unknown, until its process records the outcome', async () => {
      const { id, path, url } = await create();
      await holdBack(id);
      const { id: deliveryId, eventId, eventType } = await test(id);
      // The state that a process leaves behind if it is killed or paused between sending and recording.
      await query(`update deliveries set claims = 1, leased_until = now() - interval '1 second' where id = $1`, [
        deliveryId,
      ]);
      await query('update endpoints set pace = null where id = $1', [id]);
      await passTime(id);
      const done = await untilDelivery(client(), deliveryId, 'its end', ({ state }) => state === 'delivered');
      expect(done.attempts).toMatchObject([
        { status: null, error: 'outcome-unknown' },
        { status: 200, error: null },
      ]);
      await receiver.until(1, path);
      const late = { id: deliveryId, endpointId: id, url, secretsSealed: null, eventId, eventType, testEvent: null };
      const answered = { status: 503, error: null, retryAfter: '60', answer: null, at: new Date(), durationMs: 7 };
      await world()
        .service.service.app.get(DeliveryOutcomes)
        .record({ ...late, tries: 0, step: 0, claim: 1, takenOver: false }, answered, false);
      const known = await untilDelivery(client(), deliveryId, 'the late outcome', () => true);
      expect(known).toMatchObject({ state: 'delivered', attempts: [{ status: 503, error: null }, { status: 200 }] });
      expect(await endpoint(id)).toMatchObject({ failingSince: null, heldUntil: null });
    });

    it('do not follow redirects', async () => {
      const [from, to] = [await create(), await create()];
      answering(from.path, { status: 307, headers: { location: to.url } });
      const delivery = await test(from.id);
      const tried = await untilDelivery(client(), delivery.id, 'a try', ({ attempts }) => attempts.length === 1);
      expect(tried).toMatchObject({ state: 'pending', attempts: [{ status: 307, error: null }] });
      expect(receiver.requests.filter(({ path }) => path === to.path)).toEqual([]);
      receiver.behave({});
    });

    it('say that a destination did not answer, but nothing more about a forbidden destination', async () => {
      const gone = await startReceiver();
      const { id } = await create();
      await client().patch(`/v1/endpoints/${id}`, { url: gone.url }).expect(200);
      await gone.close();
      const delivery = await test(id);
      const refused = await untilDelivery(client(), delivery.id, 'a try', ({ attempts }) => attempts.length === 1);
      expect(refused.attempts).toMatchObject([{ status: null, error: 'connection-refused', responseBody: null }]);
      for (const url of ['http://10.255.255.1:8080/', 'http://nobody.invalid/', 'https://192.168.0.1/']) {
        const elsewhere = await create();
        // As if the name had begun to lead there.
        await query('update endpoints set url = $2 where id = $1', [elsewhere.id, url]);
        const { id: made } = await test(elsewhere.id);
        const tried = await untilDelivery(client(), made, 'a try', ({ attempts }) => attempts.length === 1);
        expect(tried.attempts).toMatchObject([{ status: null, error: 'destination-not-allowed' }]);
      }
    });

    it('hold an endpoint back for as long as it asks, and its other deliveries lose no try', async () => {
      const { id, path } = await create();
      answering(path, { status: 429, headers: { 'retry-after': '120' } });
      const first = await test(id);
      const held = await untilDelivery(client(), first.id, 'a try', ({ attempts }) => attempts.length === 1);
      const inSeconds = (time: string | null) => (Date.parse(time!) - Date.now()) / 1000;
      for (const time of [held.nextTryAt, (await endpoint(id)).heldUntil]) {
        expect(inSeconds(time)).toBeGreaterThan(60);
        expect(inSeconds(time)).toBeLessThanOrEqual(120);
      }
      const second = await test(id);
      const other = await create();
      await test(other.id);
      await receiver.until(1, other.path);
      expect((await client().get(`/v1/deliveries/${second.id}`)).body).toMatchObject({
        state: 'pending',
        attempts: [],
      });
      receiver.behave({});
      await passTime(id);
      for (const delivery of [first, second]) {
        await untilDelivery(client(), delivery.id, 'its end', ({ state }) => state === 'delivered');
      }
      expect(await endpoint(id)).toMatchObject({ failingSince: null, heldUntil: null });
    });

    it('end with 410, of which other endpoints are notified', async () => {
      const [gone, other] = [await create(), await create({ eventTypes: ['endpoint.disabled'] })];
      answering(gone.path, { status: 410 });
      const delivery = await test(gone.id);
      const [event] = await untilEvents('endpoint.disabled', gone.id);
      expect(event).toMatchObject({
        sessionId: null,
        actor: { kind: 'system' },
        data: { endpointId: gone.id, reason: 'gone', lastStatus: 410, failingSince: expect.any(String) },
      });
      expect(await endpoint(gone.id)).toMatchObject({ disabled: true, disabledReason: 'gone' });
      const [heard] = await receiver.until(1, other.path);
      expect(heard!.event).toEqual(event);
      receiver.behave({});
      const waiting = await untilDelivery(client(), delivery.id, 'its try', ({ attempts }) => attempts.length === 1);
      expect(waiting.state).toBe('pending');
      await client().post(`/v1/deliveries/${delivery.id}/retry`).expect(409);
      await client().patch(`/v1/endpoints/${gone.id}`, { disabled: false }).expect(200);
      await passTime(gone.id);
      await untilDelivery(client(), delivery.id, 'its end', ({ state }) => state === 'delivered');
      const all = receiver.requests.filter(({ path }) => path === gone.path);
      expect(all.map(({ event: { type } }) => type)).toEqual(['endpoint.test', 'endpoint.test']);
    });

    it('end after five days of nothing but failures, with a warning at half of the time', async () => {
      const { id, path } = await create();
      answering(path, { status: 404 });
      const delivery = await test(id);
      const failing = (days: number) =>
        query(`update endpoints set failing_since = now() - make_interval(hours => $2) where id = $1`, [id, days * 24]);
      const tries = (count: number) =>
        untilDelivery(client(), delivery.id, `try ${count}`, ({ attempts }) => attempts.length === count);
      await tries(1);
      for (const [days, count] of [
        [2, 2],
        [3, 3],
        [4, 4],
      ] as const) {
        await failing(days);
        await passTime(id);
        await tries(count);
      }
      expect(await untilEvents('endpoint.failing', id)).toMatchObject([{ data: { lastStatus: 404 } }]);
      expect(await endpoint(id)).toMatchObject({ disabled: false, failingSince: expect.any(String) });
      await failing(5);
      await passTime(id);
      const events = await untilEvents('endpoint.disabled', id);
      expect(events).toMatchObject([{ data: { reason: 'failing', lastStatus: 404 } }]);
      expect(await endpoint(id)).toMatchObject({ disabled: true, disabledReason: 'failing' });
      receiver.behave({});
    });

    it('stop for an endpoint that is down, except for probes, and come back slowly', async () => {
      const { id, path } = await create();
      answering(path, { status: 500 });
      const made: DeliveryBody[] = [];
      for (let n = 0; n < 10; n += 1) made.push(await test(id));
      // Each failed probe doubles the time; this one leaves enough of it to look.
      const isHeld = async () => Date.parse((await endpoint(id)).heldUntil ?? '') - Date.now() > 3000 || null;
      await waitFor(isHeld, { what: 'the holding back' });
      const untried = (await deliveriesOf(client(), id)).filter(({ attempts }) => attempts.length === 0);
      expect(untried.length).toBeGreaterThan(0);
      const before = receiver.requests.filter((request) => request.path === path).length;
      await passTime(id);
      const probed = await receiver.until(before + 1, path);
      expect(probed).toHaveLength(before + 1);
      await waitFor(async () => (await endpoint(id)).heldUntil, { what: 'the holding back again' });
      receiver.behave({});
      await passTime(id);
      await untilDeliveries(client(), id, 'delivered', made.length);
      expect(await endpoint(id)).toMatchObject({ failingSince: null });
    });

    it('can be recovered: missed and failed events are sent, delivered events are not sent again', async () => {
      const { id, path } = await create({ eventTypes: ['session.created', 'attempt.issued'] });
      const early = await session('recover-early');
      await untilDeliveries(client(), id, 'delivered', 2);
      await client().patch(`/v1/endpoints/${id}`, { disabled: true }).expect(200);
      const missed = await session('recover-missed');
      await client().patch(`/v1/endpoints/${id}`, { disabled: false }).expect(200);
      await query(
        `update deliveries set state = 'failed', next_try_at = null where endpoint_id = $1 and event_id = $2`,
        [id, early[0]!.id],
      );
      const since = early[0]!.at;
      const { body } = await client().post(`/v1/endpoints/${id}/recover`, { since }).expect(202);
      expect(body).toMatchObject({ endpointId: id, since, untilPosition: expect.any(Number) });
      const got = await receiver.until(5, path);
      const wanted = ({ type }: EventBody) => ['session.created', 'attempt.issued'].includes(type);
      const expected = [...early.filter(wanted), ...missed.filter(wanted), early[0]!].map((event) => event.id);
      expect(got.map(({ event }) => event.id).sort()).toEqual(expected.sort());
      // By position, and to no effect: everything has been delivered.
      await untilDeliveries(client(), id, 'delivered', 4);
      await client().post(`/v1/endpoints/${id}/recover`, { since: 0 }).expect(202);
      await waitFor(
        async () => (await query('select from endpoints where id = $1 and recover_after is null', [id])).count,
        {
          what: 'the journal to be read',
        },
      );
      const ofThese = (await deliveriesOf(client(), id)).filter(({ sessionId }) =>
        [early[0]!.sessionId, missed[0]!.sessionId].includes(sessionId ?? ''),
      );
      expect(ofThese.map(({ attempts }) => attempts.length).sort()).toEqual([1, 1, 1, 2]);
      for (const wrong of [{}, { since: 'yesterday' }, { since: -1 }, { since: null }, { since: 1.5 }]) {
        await client().post(`/v1/endpoints/${id}/recover`, wrong).expect(400);
      }
    });

    it('go out at once and in order after recover, even if the endpoint was held back', async () => {
      const { id, path } = await create();
      answering(path, { status: 500 });
      const tested = await test(id);
      const failed = await session('recover-waiting');
      await waitFor(async () => (await endpoint(id)).heldUntil, { what: 'the holding back' });
      await holdBack(id);
      // Some were tried and wait for hours; the others were never tried.
      await query(
        `update deliveries set next_try_at = now() + interval '6 hours' where endpoint_id = $1 and tries > 0`,
        [id],
      );
      receiver.behave({});
      const before = receiver.requests.length;
      await client().post(`/v1/endpoints/${id}/recover`, { since: failed[0]!.at }).expect(202);
      await untilDeliveries(client(), id, 'delivered', failed.length);
      const got = receiver.requests.slice(before).filter((request) => request.path === path);
      const ofSession = got.filter(({ event }) => event.sessionId === failed[0]!.sessionId);
      expect(ofSession.map(({ event }) => event.seq)).toEqual(failed.map(({ seq }) => seq));
      expect(await endpoint(id)).toMatchObject({ failingSince: null, heldUntil: null });
      // Deliveries from before `since` keep waiting.
      expect((await client().get(`/v1/deliveries/${tested.id}`)).body).toMatchObject({ state: 'pending' });
      await client().post(`/v1/endpoints/${id}/recover`, { since: 0 }).expect(202);
      await untilDelivery(client(), tested.id, 'the test event', ({ state }) => state === 'delivered');
    });

    it('go out at once after the retry of one delivery, even if the endpoint was held back', async () => {
      const { id, path } = await create();
      answering(path, { status: 500 });
      const delivery = await test(id);
      await untilDelivery(client(), delivery.id, 'a try', ({ attempts }) => attempts.length === 1);
      await holdBack(id);
      receiver.behave({});
      await client().post(`/v1/deliveries/${delivery.id}/retry`).expect(202);
      await untilDelivery(client(), delivery.id, 'its end', ({ state }) => state === 'delivered');
      expect(await endpoint(id)).toMatchObject({ failingSince: null, heldUntil: null });
    });

    it('never bring what was erased before they went out', async () => {
      const { id, path } = await create({ eventTypes: ['session.created'] });
      answering(path, { status: 503 });
      const [created] = await session('deliver-erased', { initiator: { ip: '203.0.113.99' } });
      const [first] = await receiver.until(1, path);
      expect(first!.event.personal).toEqual(created!.personal);
      await untilDeliveries(client(), id, 'pending');
      await query(`update subject_keys set key_sealed = null, destroyed_at = now() where scan_ref = 'deliver-erased'`);
      receiver.behave({});
      await passTime(id);
      const second = (await receiver.until(2, path))[1] as ReceivedRequest;
      expect(second.event).toEqual({ ...created, personal: null });
      expect(second.body).not.toContain('203.0.113.99');
    });

    it('show which endpoints received the events of a session, and forget their answers', async () => {
      const { id, path } = await create();
      answering(path, { status: 200, body: 'thanks for 203.0.113.98' });
      const [created] = await session('deliver-answers');
      const sessionId = created!.sessionId;
      await untilDeliveries(client(), id, 'delivered', 4);
      const erasure = world().service.service.app.get(DeliveriesOfSessions);
      expect(await erasure.endpointsThatReceived(world().database, [sessionId])).toContain(id);
      expect(await erasure.endpointsThatReceived(world().database, ['ses_nobody'])).toEqual([]);
      const made = await erasure.deliveriesOfSession(sessionId);
      const mine = made.filter(({ endpointId }) => endpointId === id);
      expect(mine.map(({ eventType }) => eventType)[0]).toBe('session.created');
      const answer = async () => (await client().get(`/v1/deliveries/${mine[0]!.id}`)).body as DeliveryBody;
      expect((await answer()).attempts[0]!.responseBody).toBe('thanks for 203.0.113.98');
      await world().database.transaction((tx) => erasure.eraseAnswers(tx, [sessionId], null));
      expect((await answer()).attempts[0]!.responseBody).toBeNull();
      receiver.behave({});
    });

    it('are discarded when their endpoint is deleted', async () => {
      const { id, path } = await create();
      answering(path, { status: 500 });
      const delivery = await test(id);
      await receiver.until(1, path);
      await client().delete(`/v1/endpoints/${id}`).expect(204);
      const isDiscarded = () => query(`select from deliveries where id = $1 and state = 'discarded'`, [delivery.id]);
      await waitFor(async () => (await isDiscarded()).count, { what: 'the sweeper' });
      receiver.behave({});
    });

    it('that wait for a dead consumer do not raise the metric for a service that does not send', async () => {
      const { id, path } = await create();
      answering(path, { status: 500 });
      const delivery = await test(id);
      await untilDelivery(client(), delivery.id, 'a try', ({ attempts }) => attempts.length === 1);
      // One is due while its endpoint is held back. The other has been due for long and is not claimed.
      await holdBack(id);
      await query(`update deliveries set next_try_at = now() - interval '1 day' where id = $1`, [delivery.id]);
      const value = (text: string, name: string) =>
        Number(
          text
            .split('\n')
            .find((line) => line.startsWith(`${name} `))
            ?.slice(name.length) ?? NaN,
        );
      const scraped = () =>
        waitFor(
          async () => {
            const { text } = await client().get('/metrics').expect(200);
            return value(text, 'facecode_deliveries{state="held"}') > 0 ? text : null;
          },
          { what: 'a delivery that is held back' },
        );
      const text = await scraped();
      expect(value(text, 'facecode_deliveries_oldest_due_seconds')).toBeLessThan(3600);
      expect(value(text, 'facecode_endpoints{state="failing"}')).toBeGreaterThan(0);
      receiver.behave({});
      await client().delete(`/v1/endpoints/${id}`).expect(204);
    });

    it('are counted', async () => {
      const { text } = await client().get('/metrics').expect(200);
      expect(text).toMatch(/^facecode_delivery_tries_total\{result="2xx"\} [1-9]/m);
      expect(text).toMatch(/^facecode_delivery_tries_total\{result="destination-not-allowed"\} [1-9]/m);
      for (const state of ['due', 'sending', 'held', 'scheduled', 'disabled'])
        expect(text).toContain(`facecode_deliveries{state="${state}"}`);
      expect(text).toContain('facecode_deliveries_oldest_due_seconds');
      expect(text).not.toMatch(/ep_|dlv_/);
    });
  },
  { EGRESS_ALLOW: '127.0.0.0/8' },
);
