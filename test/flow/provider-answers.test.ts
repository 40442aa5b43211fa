/** What iDenfy may answer to a create call, and what becomes of the session here. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { SessionBody } from '../support/client.js';
import { waitFor } from '../support/wait-for.js';
import { onEveryStore } from '../support/world.js';

onEveryStore(
  'answers of iDenfy',
  (world) => {
    afterEach(() => {
      jest.restoreAllMocks();
    });

    const creates = (scanRef: string) =>
      world().simulator.ledger.requests.filter((entry) => entry.scanRef === scanRef && entry.method === 'POST');
    const madeFor = (scanRef: string) =>
      world().simulator.ledger.sessions.filter((session) => session.scanRef === scanRef);
    const code = (id: string) => world().client.until(id, 'a code', ({ attempt }) => attempt?.state === 'issued');
    const create = async (scanRef: string, rest: object = {}) => {
      const answer = await world().client.post('/v1/sessions', { scanRef, reveal: false, ...rest });
      expect([201, 202]).toContain(answer.status);
      return code((answer.body as SessionBody).id);
    };
    /** The events of a session that iDenfy refuses for good. */
    const rejected = async (scanRef: string, rest: object = {}) => {
      const answer = await world()
        .client.post('/v1/sessions', { scanRef, ...rest })
        .expect(502);
      expect(answer.body).toMatchObject({ code: 'provider-rejected' });
      return world().client.untilEvent((answer.body as { sessionId: string }).sessionId, 'session.rejected');
    };
    const refusal = async (scanRef: string) =>
      (await rejected(scanRef)).find(({ type }) => type === 'attempt.void')?.data.detail;

    it('201 is as good as 200', async () => {
      const session = await world().client.create('sim-created-201-answers');
      expect(session.attempt?.code).toMatch(/^\d{8}$/);
    });

    it('a result without an event type counts', async () => {
      const session = await world().client.create('sim-no-event-type-answers');
      await world().simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
      await world().client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    });

    describe('a refusal for good', () => {
      it.each([
        ['contract-error', 'iDenfy answered 400, PARTNER_CONTRACT_ERROR, Your contract does not permit this'],
        ['no-credits', 'iDenfy answered 402, Action not allowed due to lack of funds or exceeded limit.'],
        ['forbidden', 'iDenfy answered 403, Partner inactive'],
        ['field-errors', 'iDenfy answered 400, VALIDATION_ERROR, lifetime: must be at most …'],
      ])('says what iDenfy says: %s', async (name, detail) => {
        expect(await refusal(`sim-${name}-answers`)).toBe(detail);
        expect(creates(`sim-${name}-answers`)).toHaveLength(1);
      });
    });

    describe('400 INTERNAL_ERROR', () => {
      it('is tried again until there is a code, and looks for no lost session', async () => {
        const warn = jest.spyOn(Logger.prototype, 'warn');
        const lists = () => world().simulator.ledger.requests.filter(({ path }) => path.endsWith('-sessions/')).length;
        const before = lists();
        const session = await create('sim-internal-error-answers');
        expect(session).toMatchObject({ status: 'active', attempt: { number: 1 } });
        expect(creates('sim-internal-error-answers').map(({ status }) => status)).toEqual([400, 400, 200]);
        expect(lists()).toBe(before);
        const told = warn.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('INTERNAL_ERROR'));
        expect(told).toHaveLength(2);
        expect(told[0]).toContain(`no code for attempt ${session.attempt!.id} yet`);
      });
    });

    describe('a session without the digits that were asked for', () => {
      it.each(['no-digits', 'null-digits'])('is an orphan, and there is no code: %s', async (name) => {
        const { client, simulator, database } = world();
        const scanRef = `sim-${name}-answers`;
        const events = await rejected(scanRef);
        expect(events.map(({ type }) => type)).toEqual([
          'session.created',
          'attempt.requested',
          'attempt.orphaned',
          'attempt.void',
          'session.rejected',
        ]);
        expect(events[2]!.data).toEqual({ number: 1, count: 1 });
        const { rows } = await database.query('select from orphans where attempt_id = $1', [events[2]!.attemptId]);
        expect(rows).toHaveLength(1);
        const [made] = madeFor(scanRef);
        expect(JSON.stringify(events)).not.toContain(made!.token);

        await simulator.selfie({ token: made!.token, outcome: 'SUCCESS' });
        const sent = () => simulator.ledger.webhooks.find(({ token }) => token === made!.token);
        await waitFor(() => sent()?.statusAnswered === 200, { what: 'the answer to the webhook of the orphan' });
        const kept = async () => {
          const { body } = await client.get(`/v1/webhooks?token=${made!.token}`).expect(200);
          return (body as { data: { state: string }[] }).data.map(({ state }) => state).join() === 'unmatched';
        };
        await waitFor(kept, { what: 'the unmatched webhook' });
        expect(await client.session(events[0]!.sessionId)).toMatchObject({ status: 'rejected' });
      });

      it('is as good as any for who asks for no digits', async () => {
        const session = await create('sim-no-digits-web', { channels: ['web'] });
        expect(session.attempt).toMatchObject({ state: 'issued', codeHint: null });
      });
    });

    describe('a lifetime that is shorter than what was asked for', () => {
      it('is when the code expires, wherever that is shown', async () => {
        const { client, database } = world();
        const session = await create('sim-short-lifetime-120-answers');
        const { id, issuedAt, expiresAt } = session.attempt!;
        expect(Date.parse(expiresAt!) - Date.parse(issuedAt!)).toBe(120_000);
        const { body } = await client.post(`/v1/sessions/${session.id}/code`).expect(200);
        expect(body).toMatchObject({ expiresAt });
        const issued = (await client.untilEvent(session.id, 'attempt.awaiting-selfie')).find(
          ({ type }) => type === 'attempt.issued',
        );
        expect(issued?.data).toMatchObject({ issuedAt, expiresAt });
        const { rows } = await database.query<{ seconds: number }>(
          'select extract(epoch from deadline_at - expires_at)::int as seconds from attempts where id = $1',
          [id],
        );
        expect(rows).toEqual([{ seconds: 1 }]);
        expect(session).toMatchObject({ codeLifetimeSeconds: 1800 });
      });

      it('ends the attempt when it is over, also if no webhook comes', async () => {
        const { client, simulator, url } = world();
        simulator.setWebhookUrl(null);
        try {
          const session = await create('sim-short-lifetime-1-answers', { maxAttempts: 1 });
          const ended = await client.until(session.id, 'the end', ({ endedAt }) => endedAt !== null);
          expect(ended).toMatchObject({
            status: 'expired',
            attempt: { outcome: { status: 'EXPIRED', source: 'session-api' } },
          });
        } finally {
          simulator.setWebhookUrl(`${url}/webhooks/idenfy`);
        }
      });

      it('changes nothing when it is longer', async () => {
        const session = await create('sim-short-lifetime-900-answers', { codeLifetimeSeconds: 600 });
        const { issuedAt, expiresAt } = session.attempt!;
        expect(Date.parse(expiresAt!) - Date.parse(issuedAt!)).toBe(600_000);
      });
    });
  },
  { DEADLINE_GRACE_SECONDS: '1' },
);
