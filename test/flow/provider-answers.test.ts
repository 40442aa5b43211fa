/** iDenfy's answers to a create call, and their effect on the session. */
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
    /** Creates a session that iDenfy refuses, and returns its events. */
    const rejected = async (scanRef: string, rest: object = {}) => {
      const answer = await world()
        .client.post('/v1/sessions', { scanRef, ...rest })
        .expect(502);
      expect(answer.body).toMatchObject({ code: 'provider-rejected' });
      return world().client.untilEvent((answer.body as { sessionId: string }).sessionId, 'session.rejected');
    };
    const refusal = async (scanRef: string) =>
      (await rejected(scanRef)).find(({ type }) => type === 'attempt.void')?.data.detail;

    it('201 is accepted like 200', async () => {
      const session = await world().client.create('sim-created-201-answers');
      expect(session.attempt?.code).toMatch(/^\d{8}$/);
    });

    it('a result without an event type counts', async () => {
      const session = await world().client.create('sim-no-event-type-answers');
      await world().simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
      await world().client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    });

    describe('a refused create call', () => {
      it.each([
        ['contract-error', 'iDenfy answered 400, PARTNER_CONTRACT_ERROR, Your contract does not permit this'],
        ['no-credits', 'iDenfy answered 402, Action not allowed due to lack of funds or exceeded limit.'],
        ['forbidden', 'iDenfy answered 403, Partner inactive'],
        ['field-errors', 'iDenfy answered 400, VALIDATION_ERROR, lifetime: must be at most …'],
      ])('is recorded with the message of iDenfy: %s', async (name, detail) => {
        expect(await refusal(`sim-${name}-answers`)).toBe(detail);
        expect(creates(`sim-${name}-answers`)).toHaveLength(1);
      });
    });

    describe('400 INTERNAL_ERROR', () => {
      it('makes the service repeat the call until there is a code, without a search for a lost session', async () => {
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

    describe('a session without the requested digits', () => {
      it.each(['no-digits', 'null-digits'])('is recorded as an orphan, and no code is issued: %s', async (name) => {
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

      it('is used if no digits were requested', async () => {
        const session = await create('sim-no-digits-web', { channels: ['web'] });
        expect(session.attempt).toMatchObject({ state: 'issued', codeHint: null });
      });
    });

    describe('a lifetime in the answer that is shorter than the requested one', () => {
      it('sets the expiry of the code everywhere', async () => {
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

      it('ends the attempt when it is over, even without a webhook', async () => {
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

      it('has no effect when it is longer', async () => {
        const session = await create('sim-short-lifetime-900-answers', { codeLifetimeSeconds: 600 });
        const { issuedAt, expiresAt } = session.attempt!;
        expect(Date.parse(expiresAt!) - Date.parse(issuedAt!)).toBe(600_000);
      });
    });
  },
  { DEADLINE_GRACE_SECONDS: '1' },
);
