import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Receiver, startReceiver, verify } from '../support/receiver.js';
import { waitFor } from '../support/wait-for.js';
import { onEveryStore } from '../support/world.js';

interface Endpoint {
  id: string;
  url: string;
  secret: string;
  eventTypes: string[];
  disabled: boolean;
  disabledReason: string | null;
  failingSince: string | null;
}

interface Delivery {
  id: string;
  endpointId: string;
  eventId: string;
  eventType: string;
  state: string;
  nextTryAt: string | null;
  attempts: { at: string; status: number | null; error: string | null; durationSeconds: number; responseBody?: string | null }[];
}

onEveryStore(
  'deliveries',
  (world) => {
    let receiver: Receiver;
    beforeAll(async () => {
      receiver = await startReceiver();
    });
    afterAll(() => receiver.close());

    let paths = 0;
    const newPath = () => `/hook-${(paths += 1)}`;
    const create = async (rest: object = {}, path = newPath()) => {
      const { body } = await world().client.post('/v1/endpoints', { url: `${receiver.url}${path}`, ...rest }).expect(201);
      return { ...(body as Endpoint), path };
    };
    const deliveries = async (id: string, query = '') => {
      const { body } = await world().client.get(`/v1/endpoints/${id}/deliveries?limit=200${query}`).expect(200);
      return (body as { data: Delivery[] }).data;
    };
    const untilState = (id: string, state: string) =>
      waitFor(async () => (await deliveries(id)).find((delivery) => delivery.state === state), { what: `a ${state} delivery` });
    const query = (sql: string, values: unknown[] = []) => world().database.query(sql, values);
    /** As if the time until the next try had gone by. */
    const makeDue = (id: string) =>
      query(`update deliveries set next_try_at = now() - interval '4 seconds' where endpoint_id = $1 and state = 'pending'`, [id]);

    it('bring every event of a session, signed, in order, once', async () => {
      const endpoint = await create();
      const session = await world().client.create('deliveries-1');
      const events = await world().client.untilEvent(session.id, 'attempt.awaiting-selfie');
      const got = await receiver.until(events.length, endpoint.path);
      expect(got.map((request) => verify(endpoint.secret, request))).toEqual(events);
      expect(got.map(({ headers }) => headers['webhook-id'])).toEqual(events.map(({ id }) => id));
      await waitFor(async () => (await deliveries(endpoint.id, '&state=delivered')).length === events.length, { what: 'all' });
      await world().client.as(world().client.key).get(`/v1/endpoints/${endpoint.id}`).expect(200);
    });
  },
  { EGRESS_ALLOW: '127.0.0.0/8' },
);
