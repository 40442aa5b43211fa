/** iDenfy is away for everyone: what a platform sees of it, and what becomes of the sessions asked for meanwhile. */
import { expect, it } from '@jest/globals';
import request from 'supertest';
import { waitFor } from '../support/wait-for.js';
import { onEveryStore, type World } from '../support/world.js';
import { type SessionBody } from '../support/client.js';

/** So that a request does not wait for a code that cannot come. */
const noWait = { CREATE_WAIT_SECONDS: '0' };
const failuresToOpen = 5;

/** What both suites do and look at. */
function partsOf(world: () => World) {
  const ready = async () => (await request(world().url).get('/readyz').expect(200)).body as { checks: object };
  const isOpen = async () => 'provider' in (await ready()).checks;
  const ask = async (scanRef: string): Promise<SessionBody> => {
    const answer = await world().client.post('/v1/sessions', { scanRef }).expect(202);
    return answer.body as SessionBody;
  };
  return {
    ready,
    isOpen,
    opened: () => waitFor(isOpen, { what: 'the breaker to open' }),
    ask,
    askMany: async (name: string, count: number): Promise<SessionBody[]> => {
      const asked: SessionBody[] = [];
      for (let number = 1; number <= count; number += 1) asked.push(await ask(`${name}-${number}`));
      return asked;
    },
    /** Probes come after 5 s, 10 s more and 20 s more: a slow machine may need the third. */
    issued: (id: string) =>
      world().client.until(id, 'the code', ({ status, attempt }) => status === 'active' && attempt?.state === 'issued'),
  };
}

onEveryStore(
  'while iDenfy does not answer',
  (world) => {
    const { ready, opened, askMany, issued } = partsOf(world);
    const metrics = async () => (await world().client.get('/metrics').expect(200)).text;
    const openingsIn = (text: string) =>
      Number(/^facecode_provider_breaker_openings_total (\d+)$/m.exec(text)?.[1] ?? 0);
    const openIn = (text: string) => /^facecode_provider_breaker_state\{state="open"\} 1$/m.test(text);
    /** Calls and openings of one moment: while a probe is under way, the breaker is half-open. */
    const counted = () =>
      waitFor(
        async () => {
          const before = await metrics();
          const calls = world().simulator.ledger.requests.length;
          const after = await metrics();
          const openings = openingsIn(before);
          return openIn(before) && openIn(after) && openings === openingsIn(after) ? { calls, openings } : null;
        },
        { what: 'the breaker to be open, with no probe under way' },
      );
    const triesOf = async ({ id }: SessionBody): Promise<number> => {
      const sql = 'select issue_tries as tries from attempts where session_id = $1';
      const { rows } = await world().database.query<{ tries: number }>(sql, [id]);
      return rows[0]?.tries ?? 0;
    };

    it('accepts sessions, says so, calls no more, and gives all their codes when it is back', async () => {
      const { simulator, client } = world();
      const openingsBefore = openingsIn(await metrics());
      simulator.setOutage('500');
      const before = await askMany('outage-before', failuresToOpen);
      await opened();
      const meanwhile = await askMany('outage-meanwhile', 6);
      for (const session of meanwhile) {
        await waitFor(async () => (await triesOf(session)) > 0, { what: 'its first turn at the closed door' });
      }
      for (const { id } of [...before, ...meanwhile]) {
        expect(await client.session(id)).toMatchObject({
          status: 'pending',
          attempt: { number: 1, state: 'requested' },
          attempts: [{ number: 1 }],
        });
      }
      const early = await counted();
      expect(await ready()).toEqual({
        status: 'ok',
        checks: { database: 'ok', queue: 'ok', process: 'ok', provider: expect.stringMatching(/^(half-)?open$/) },
      });
      expect(await metrics()).toMatch(/^facecode_provider_breaker_state\{state="closed"\} 0$/m);
      // A slow machine may still be here when a probe is due. Each further call is one probe, and each opens it again.
      const late = await counted();
      expect(early.openings).toBeGreaterThan(openingsBefore);
      expect(late.calls - early.calls).toBe(late.openings - early.openings);

      simulator.setOutage('off');
      const sessions = await Promise.all([...before, ...meanwhile].map(({ id }) => issued(id)));
      for (const session of sessions) {
        expect(session).toMatchObject({ status: 'active', attempt: { number: 1 } });
        expect(session.attemptsLeft).toBe(session.maxAttempts - 1);
      }
      const creates = simulator.ledger.sessions.map(({ scanRef }) => scanRef);
      const created = creates.filter((scanRef) => scanRef.startsWith('outage-meanwhile'));
      const asked = meanwhile.map(({ scanRef }) => scanRef);
      // Each has its place in the line (unit/breaker.test.ts). On a slow machine several places are over at the same time.
      expect(created.sort()).toEqual(asked);
      // Nothing was made that nobody knows of: a call that was not made is not unknown.
      expect(creates).toHaveLength(before.length + meanwhile.length);
      expect(await ready()).toEqual({ status: 'ok', checks: { database: 'ok', queue: 'ok', process: 'ok' } });
      expect(await metrics()).toMatch(/^facecode_provider_breaker_state\{state="closed"\} 1$/m);
    });
  },
  noWait,
);

onEveryStore(
  'while iDenfy lets all calls time out',
  (world) => {
    const { isOpen, opened, ask, askMany, issued } = partsOf(world);

    it('finds that out, too, and goes on taking results', async () => {
      const { simulator, client } = world();
      const { id } = await ask('outage-result');
      await issued(id);
      simulator.setOutage('time-out');
      await askMany('outage-silent', failuresToOpen);
      await opened();
      // On a slow machine a call may have timed out before, too, and left another code for the same scanRef.
      const { body } = await client.post(`/v1/sessions/${id}/code`).expect(200);
      await simulator.selfie({ digitString: (body as { code: string }).code, outcome: 'SUCCESS' });
      await client.until(id, 'the pass', ({ status }) => status === 'passed');
      expect(await isOpen()).toBe(true);
    });
  },
  { ...noWait, IDENFY_TIMEOUT_SECONDS: '0.5' },
);
