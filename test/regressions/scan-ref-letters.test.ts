/** A result was refused as another user's if its scanRef differed from the platform's in letter case. */
import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { IdentificationsStore } from '../../src/attempts/identifications.store.js';
import { OpenAttemptsStore } from '../../src/attempts/open-attempts.store.js';
import type { Transaction } from '../../src/database/database.js';
import type { SessionBody } from '../support/client.js';
import { onEveryStore } from '../support/world.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook, type Sending } from '../support/webhook.js';

type WithIdentification = SessionBody & { identification: { scanRef: string } };

/** Copies a session with its open attempt, so that the planner has a choice. Each copy has a scanRef of its own. */
async function copy(tx: Transaction, sessionId: string, times: number): Promise<void> {
  await tx.query(
    `insert into sessions
     select (jsonb_populate_record(sessions, jsonb_build_object('id', id || n, 'scan_ref', 'copy-' || n,
               'identification_scan_ref', 'identified-' || n, 'client_token_digest', sha256(n::text::bytea)))).*
       from sessions, generate_series(1, $2::int) as n where id = $1`,
    [sessionId, times],
  );
  await tx.query(
    `insert into attempts
     select (jsonb_populate_record(attempts, jsonb_build_object('id', id || n, 'session_id', session_id || n,
               'scan_ref', 'copy-' || n, 'token_digest', null))).*
       from attempts, generate_series(1, $2::int) as n where session_id = $1`,
    [sessionId, times],
  );
}

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
      // The session keeps the platform's spelling.
      expect(passed).toMatchObject({ status: 'passed', scanRef: session.scanRef, attempt: { signals: [] } });
    });

    it('are two scanRefs if they are not UUIDs', async () => {
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

    it.each([
      [
        'attempts',
        (tx: Transaction, scanRefs: readonly string[]) => new OpenAttemptsStore().find(tx, scanRefs),
        'attempts_open_by_scan_ref',
      ],
      [
        'identifications',
        (tx: Transaction, scanRefs: readonly string[]) =>
          world()
            .service.service.app.get(IdentificationsStore)
            .sessionsOf(
              tx,
              scanRefs.map((scanRef) => ({ scanRef, clientId: null })),
            ),
        'sessions_by_identification_in_any_case',
      ],
    ] as const)('are looked up by an index: %s', async (_, find, index) => {
      const { id } = (await world().client.create(`letters-${randomUUID()}`)) as SessionBody;
      const plan: string[] = [];
      const rolledBack = world().database.transaction(async (tx) => {
        await copy(tx, id, 3000);
        await tx.query('analyze sessions, attempts');
        const query = async (text: string, values: unknown[]) => {
          const { rows } = await tx.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
          plan.push(...rows.map((row) => row['QUERY PLAN']));
          return { rows: [], count: 0 };
        };
        await find({ query } as unknown as Transaction, [randomUUID(), 'user-1']);
        throw new Error('enough');
      });
      await expect(rolledBack).rejects.toThrow('enough');
      expect(plan.join('\n')).toMatch(new RegExp(`Index.* ${index}`));
    });

    it('are the same subject for the erasure of received webhooks, even of unreadable ones', async () => {
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
        { what: 'the webhook to be unmatched' },
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
