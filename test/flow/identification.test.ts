import { expect, it } from '@jest/globals';
import request from 'supertest';
import { onEveryStore } from '../support/world.js';
import { type SessionBody } from '../support/client.js';
import { waitFor } from '../support/wait-for.js';

type WithIdentification = SessionBody & { identification?: { url: string; scanRef: string } };

onEveryStore(
  'identification as the fallback',
  (world) => {
    const create = async (scanRef: string) =>
      (await world().client.post('/v1/sessions', { scanRef, locale: 'en' }).expect(201)).body as WithIdentification;
    const identify = async (url: string, outcome: string) => {
      const authToken = new URL(url).searchParams.get('authToken');
      await request(world().simulator.url).post('/app/identify').send({ authToken, outcome }).expect(204);
    };

    it('gives the address where the user identifies anew', async () => {
      const session = await create('sim-must-identify-1');
      expect(session).toMatchObject({
        status: 'identification-required',
        reason: 'identification-required',
        identification: { url: expect.stringMatching(/^http/), scanRef: expect.any(String) },
      });
      expect(session.identification?.scanRef).not.toBe('sim-must-identify-1');
      const read = await world().client.session(session.id);
      expect((read as WithIdentification).identification).toEqual(session.identification);
      const listed = await world().client.get('/v1/sessions?scanRef=sim-must-identify-1').expect(200);
      expect(listed.text).not.toContain(session.identification!.url);
      const { rows } = await world().database.query<{ row: string }>('select sessions::text as row from sessions');
      expect(rows.map(({ row }) => row).join()).not.toContain(new URL(session.identification!.url).search);
    });

    it('shows the address only to keys with the scope sessions', async () => {
      const { client } = world();
      const session = await create('sim-must-identify-4');
      const { url, scanRef } = session.identification!;
      const as = async (...scopes: string[]) => {
        const { body } = await client.post('/v1/api-keys', { name: 'reader', scopes }).expect(201);
        return client.as((body as { key: string }).key);
      };
      const [platform, auditor] = [await as('sessions', 'audit'), await as('audit')];
      const shown = (await platform.session(session.id)) as WithIdentification;
      expect(shown.identification).toEqual({ url, scanRef });
      await waitFor(
        async () => {
          const { status } = await auditor.get(`/v1/sessions/${session.id}/evidence`);
          return status === 200;
        },
        { what: 'the evidence' },
      );
      for (const path of ['', '/evidence', '/stream']) {
        const { text } = await auditor.get(`/v1/sessions/${session.id}${path}`).expect(200);
        expect(text).toContain(session.id);
        expect(text).not.toContain(url);
      }
      expect((await auditor.get('/v1/sessions').expect(200)).text).not.toContain(url);
      const user = await client.as(session.clientToken!).session(session.id);
      expect(user).toMatchObject({ id: session.id, status: 'identification-required' });
      expect(user).not.toHaveProperty('identification');
    });

    it('records the new scanRef once, when it is approved, and forgets the address', async () => {
      const { client } = world();
      const session = await create('sim-must-identify-2');
      await identify(session.identification!.url, 'APPROVED');
      const events = await client.untilEvent(session.id, 'session.identified');
      expect(events.at(-1)?.data).toEqual({ scanRef: session.identification!.scanRef });
      expect(events.at(-1)?.actor.kind).toBe('idenfy');
      const after = (await client.session(session.id)) as WithIdentification;
      expect(after).toMatchObject({ status: 'identification-required' });
      expect(after).not.toHaveProperty('identification');
      expect(events.filter(({ type }) => type === 'session.identified')).toHaveLength(1);
    });

    it('grants nothing for one that is denied', async () => {
      const { client, simulator } = world();
      const session = await create('sim-must-identify-3');
      const before = simulator.ledger.webhooks.length;
      await identify(session.identification!.url, 'DENIED');
      await client.until(session.id, 'the webhook to be kept', () => {
        const sent = simulator.ledger.webhooks[before];
        return sent?.statusAnswered === 200;
      });
      const { body } = await client.get('/v1/webhooks?limit=1').expect(200);
      expect((body as { data: { state: string }[] }).data[0]).toMatchObject({ state: 'ignored' });
      const types = (await client.events(session.id)).map(({ type }) => type);
      expect(types).not.toContain('session.identified');
    });

    const asked = () => world().simulator.ledger.requests.filter(({ path }) => path === '/api/v2/token').length;
    const lookedAt = (id: string) =>
      world().client.until(id, 'the end', ({ endedAt }) => endedAt !== null) as Promise<WithIdentification>;
    const withoutAddress = async (scanRef: string) => {
      const answer = await world().client.post('/v1/sessions', { scanRef });
      expect([201, 202]).toContain(answer.status);
      const session = await lookedAt((answer.body as SessionBody).id);
      expect(session).toMatchObject({
        status: 'identification-required',
        reason: 'identification-required',
        attempt: { state: 'void' },
      });
      expect(session).not.toHaveProperty('identification');
      const events = await world().client.untilEvent(session.id, 'session.identification-required');
      expect(events.at(-1)?.data).toEqual({ reason: 'identification-required' });
      return { session, detail: String(events.at(-2)?.data.detail) };
    };

    it('requests an identification that expires with the session', async () => {
      const { client, simulator } = world();
      const answer = await client.post('/v1/sessions', { scanRef: 'sim-must-identify-5', sessionLifetimeSeconds: 600 });
      const { id } = await lookedAt((answer.body as SessionBody).id);
      const made = simulator.ledger.identifications.find(({ clientId }) => clientId === id);
      expect(made?.expirySeconds).toBeGreaterThan(0);
      expect(made?.expirySeconds).toBeLessThanOrEqual(600);
    });

    it('makes one call, and the session ends without an address, when the answer is lost', async () => {
      const before = asked();
      const { session, detail } = await withoutAddress('sim-identify-cut-1');
      expect(detail).toContain('did not answer');
      expect(asked() - before).toBe(1);
      expect(world().simulator.ledger.identifications.filter(({ clientId }) => clientId === session.id)).toHaveLength(
        1,
      );
    });

    it('recognizes an identification by its clientId when the answer with its scanRef was lost', async () => {
      const { client, simulator } = world();
      const { session } = await withoutAddress('sim-identify-cut-2');
      const { authToken, scanRef } = simulator.ledger.identifications.find(({ clientId }) => clientId === session.id)!;
      await simulator.identify({ authToken, outcome: 'APPROVED' });
      const events = await client.untilEvent(session.id, 'session.identified');
      expect(events.at(-1)?.data).toEqual({ scanRef });
      expect(events.at(-1)?.actor.kind).toBe('idenfy');
    });

    it('makes one call, and the session ends without an address, when the clientId is taken', async () => {
      const before = asked();
      const { detail } = await withoutAddress('sim-identify-conflict-1');
      expect(detail).toContain('409');
      expect(asked() - before).toBe(1);
    });

    it('repeats the call after 400 INTERNAL_ERROR', async () => {
      const before = asked();
      const answer = await world().client.post('/v1/sessions', { scanRef: 'sim-identify-internal-error-1' });
      const session = await lookedAt((answer.body as SessionBody).id);
      expect(session).toMatchObject({ status: 'identification-required', identification: { url: expect.any(String) } });
      expect(asked() - before).toBe(2);
    });

    it('still asks nothing of who may authenticate', async () => {
      const session = await create('identification-not-needed');
      expect(session).toMatchObject({ status: 'active' });
      expect(session).not.toHaveProperty('identification');
    });
  },
  { IDENTIFICATION_FALLBACK: 'on' },
);
