/** A result whose scanRef had other letter case than the platform's was refused as another user's. */
import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { SessionBody } from '../support/client.js';
import { onEveryStore } from '../support/world.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook, type Sending } from '../support/webhook.js';

type WithIdentification = SessionBody & { identification: { scanRef: string } };

onEveryStore(
  'scanRefs that differ only in letter case',
  (world) => {
    const send = (body: object, sending?: Sending) => sendWebhook(world().url, { id: randomUUID(), ...body }, sending);
    const create = (scanRef: string) => world().client.create(scanRef, { maxAttempts: 1, channels: ['code', 'sdk'] });
    const newest = async () => {
      const { rows } = await world().database.query<{ id: string; state: string }>(
        'select id, state from webhooks order by id desc limit 1',
      );
      return rows[0]!;
    };

    it.each([
      ['lower', (scanRef: string) => scanRef.toLowerCase()],
      ['upper', (scanRef: string) => scanRef.toUpperCase()],
    ])('are the same UUID in a result: %s case', async (_, letters) => {
      const scanRef = randomUUID();
      const session = await create(scanRef === letters(scanRef) ? scanRef.toUpperCase() : scanRef);
      await send({ token: session.attempt!.token, status: 'SUCCESS', scanRef: letters(scanRef) }).expect(200);
      const passed = await world().client.until(session.id, 'the pass', ({ endedAt }) => endedAt !== null);
      // The session keeps the letters of the platform.
      expect(passed).toMatchObject({ status: 'passed', scanRef: session.scanRef, attempt: { signals: [] } });
    });

    it('are two scanRefs if they are no UUIDs', async () => {
      const session = await create(`letters-${randomUUID()}`);
      const told = { token: session.attempt!.token, status: 'SUCCESS', scanRef: session.scanRef.toUpperCase() };
      await send(told).expect(200);
      const events = await world().client.untilEvent(session.id, 'risk.flagged');
      expect(events.at(-2)?.data).toMatchObject({ reason: 'mismatched-session' });
    });

    it('are the same identification', async () => {
      const { client } = world();
      const session = (await client.create('sim-must-identify-letters')) as WithIdentification;
      const { scanRef } = session.identification;
      const status = { overall: 'APPROVED' };
      const told = { final: true, clientId: session.id, scanRef: scanRef.toUpperCase(), status };
      await send(told, { eventType: 'IDENTIFICATION' }).expect(200);
      const events = await client.untilEvent(session.id, 'session.identified');
      expect(events.at(-1)?.data).toEqual({ scanRef });
    });

    it('are the same subject to the erasure of received webhooks, also of those that cannot be read', async () => {
      const { client, database } = world();
      const scanRef = randomUUID();
      await create(scanRef);
      const ids: string[] = [];
      const keep = async (sending: Promise<unknown>) => {
        await sending;
        ids.push((await newest()).id);
      };
      await keep(send({ token: 'letters-unknown', status: 'FAILED', scanRef: scanRef.toUpperCase() }).expect(200));
      await keep(sendWebhook(world().url, `{"scanRef":"${scanRef.toUpperCase()}", broken`).expect(400));
      await waitFor(
        async () =>
          (await database.query(`select from webhooks where id = $1 and state = 'unmatched'`, [ids[0]])).count,
        { what: 'the webhook to be set aside' },
      );
      await client.post(`/v1/subjects/${scanRef}/erase`).expect(200);
      const { rows } = await database.query<{ id: string }>(
        'select id from webhooks where id = any($1) and (body_sealed is not null or scan_ref_digest is not null)',
        [ids],
      );
      expect(rows).toEqual([]);
    });
  },
  { IDENTIFICATION_FALLBACK: 'on', CONFIRM_PASS: 'off' },
);
