/** iDenfy refuses the session API, answers unclearly, or knows no session. These tests count the service's calls. */
import { afterEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { paths } from '../../src/idenfy/contract.js';
import { JobDispatcher } from '../../src/queue/job-dispatcher.js';
import { jobs } from '../../src/queue/jobs.js';
import { type SessionBody } from '../support/client.js';
import { endCode, putExpiryBack } from '../support/deadlines.js';
import { waitFor } from '../support/wait-for.js';
import { onEveryStore, type World } from '../support/world.js';

/** The steps that all suites of this file share. */
function steps(world: () => World) {
  const reads = () => world().simulator.ledger.requests.filter(({ path }) => path.startsWith(paths.listSessions));
  const lists = () => reads().filter(({ path }) => path === paths.listSessions);
  /** Checks an attempt at once. The sweeper would do this some seconds later. */
  const poke = (attemptId: string) => world().service.service.app.get(JobDispatcher).add(jobs.check(attemptId));
  return {
    reads,
    lists,
    poke,
    /** How many calls `work` makes to the session API. */
    async readsDuring(work: () => Promise<unknown>): Promise<number> {
      const before = reads().length;
      await work();
      return reads().length - before;
    },
    create: (scanRef: string) => world().client.create(scanRef, { maxAttempts: 1 }),
    /** Creates a session that passes by webhook. */
    async pass(scanRef: string): Promise<SessionBody> {
      const session = await world().client.create(scanRef);
      await world().simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
      return session;
    },
    /** Lets the attempt reach its deadline without a webhook. */
    async overdue(session: SessionBody): Promise<void> {
      await endCode(world().database, session);
      await poke(session.attempt!.id);
    },
    ended: (id: string) => world().client.until(id, 'the end', ({ endedAt }) => endedAt !== null),
    async settled(session: SessionBody): Promise<void> {
      const sql = `select from attempts where id = $1 and state = 'passed' and confirm_at is null`;
      await waitFor(async () => (await world().database.query(sql, [session.attempt!.id])).count === 1, {
        what: 'the end of the confirmation',
      });
    },
    async checks(): Promise<Record<string, string>> {
      const { body } = await request(world().url).get('/readyz').expect(200);
      return (body as { checks: Record<string, string> }).checks;
    },
    metrics: async () => (await world().client.get('/metrics').expect(200)).text,
    /** Makes the next probe due, as if five minutes had passed. */
    probeIsDue: () => world().database.query(`update provider_refusals set probe_at = probe_at - interval '5 minutes'`),
  };
}

const closedAgain = (world: () => World) =>
  afterEach(async () => {
    world().simulator.setOutage('off');
    await world().database.query('delete from provider_refusals');
  });

onEveryStore('a refused session API, while passes are observed', (world) => {
  const { reads, readsDuring, pass, settled, checks, metrics, probeIsDue } = steps(world);
  closedAgain(world);

  it('gets one call for many passes, is shown, and is called again after a probe five minutes later', async () => {
    const { simulator, client } = world();
    simulator.setOutage('reads-403');
    const first = await pass('refused-observe-first');
    await settled(first);
    expect(reads()).toHaveLength(1);
    expect(await checks()).toMatchObject({ 'read-session': 'refused', database: 'ok' });
    expect(await metrics()).toMatch(/^facecode_provider_operation_refused\{operation="read-session"\} 1$/m);

    const later = await Promise.all([1, 2, 3, 4, 5].map((n) => pass(`refused-observe-${n}`)));
    for (const session of later) await settled(session);
    expect(reads()).toHaveLength(1);
    for (const { id } of [first, ...later]) {
      expect(await client.session(id)).toMatchObject({ status: 'passed', attempt: { signals: [] } });
    }

    // The probe is refused, too. The next one comes after five more minutes.
    await probeIsDue();
    expect(await readsDuring(async () => settled(await pass('refused-observe-probe-1')))).toBe(1);
    expect(await readsDuring(async () => settled(await pass('refused-observe-probe-2')))).toBe(0);

    simulator.setOutage('off');
    expect(await readsDuring(async () => settled(await pass('refused-observe-still')))).toBe(0);
    await probeIsDue();
    expect(await readsDuring(async () => settled(await pass('refused-observe-probe-3')))).toBe(1);
    expect(await checks()).not.toHaveProperty('read-session');
    expect(await readsDuring(async () => settled(await pass('refused-observe-well')))).toBe(1);
  });

  it('is called at most five times for one attempt when its answers are unclear', async () => {
    expect(await readsDuring(async () => settled(await pass('sim-api-unclear-observe')))).toBe(5);
    expect(await checks()).not.toHaveProperty('read-session');
  });
});

onEveryStore(
  'a refused session API, while passes are confirmed first',
  (world) => {
    const { readsDuring, pass } = steps(world);
    closedAgain(world);

    it.each([
      ['401', 'refused-enforce', 1],
      ['unclear answers', 'sim-api-unclear-enforce', 5],
    ])('leaves the decision on the pass to a person: %s', async (why, scanRef, calls) => {
      const { simulator, client } = world();
      if (why === '401') simulator.setOutage('reads-401');
      const made = await readsDuring(async () => {
        const { id } = await pass(scanRef);
        const held = await client.until(id, 'the hold', ({ reason }) => reason === 'unconfirmed');
        expect(held).toMatchObject({ status: 'in-review', attempt: { signals: [] } });
      });
      expect(made).toBe(calls);
    });
  },
  { CONFIRM_PASS: 'enforce' },
);

onEveryStore(
  'a refused session API, at the deadline',
  (world) => {
    const { reads, lists, readsDuring, poke, create, overdue, ended, checks, probeIsDue } = steps(world);
    closedAgain(world);
    /** Ends the attempt by its deadline. */
    const end = async (scanRef: string, made?: SessionBody): Promise<SessionBody> => {
      const session = made ?? (await create(scanRef));
      await overdue(session);
      const last = await ended(session.id);
      await putExpiryBack(world().database, session);
      return last;
    };
    const bySource = (source: string) => ({
      status: 'expired',
      attempt: { outcome: { status: 'EXPIRED', source } },
    });

    it('ends the first attempt with one call after 401, and the next attempt without a call', async () => {
      world().simulator.setOutage('reads-401');
      expect(
        await readsDuring(async () => expect(await end('refused-401-1')).toMatchObject(bySource('deadline'))),
      ).toBe(1);
      expect(
        await readsDuring(async () => expect(await end('refused-401-2')).toMatchObject(bySource('deadline'))),
      ).toBe(0);
      expect(await checks()).toMatchObject({ 'read-session': 'refused' });
    });

    it('is detected when it answers 404 for everything: five reads, then one call for the list, then no call', async () => {
      const { simulator } = world();
      simulator.setOutage('reads-404');
      for (const n of [1, 2, 3, 4, 5]) expect(await end(`refused-404-${n}`)).toMatchObject(bySource('session-api'));
      expect(await checks()).not.toHaveProperty('read-session');
      const listsBefore = lists().length;
      expect(
        await readsDuring(async () => expect(await end('refused-404-6')).toMatchObject(bySource('deadline'))),
      ).toBe(1);
      expect(lists()).toHaveLength(listsBefore + 1);
      expect(
        await readsDuring(async () => expect(await end('refused-404-7')).toMatchObject(bySource('deadline'))),
      ).toBe(0);
      expect(await checks()).toMatchObject({ 'read-session': 'refused' });

      // The probe is a call for the list again. After iDenfy accepts it, the attempt itself is read.
      simulator.setOutage('off');
      await probeIsDue();
      const back = await readsDuring(async () =>
        expect(await end('refused-404-8')).toMatchObject(bySource('session-api')),
      );
      expect(back).toBe(2);
      expect(lists()).toHaveLength(listsBefore + 2);
      expect(await checks()).not.toHaveProperty('read-session');
    });

    it('ends when iDenfy answers for a session, although it still refuses the list', async () => {
      const { simulator, client } = world();
      // While a session of this scanRef is open, the list is refused.
      await client.create('sim-refuse-list-only', { channels: ['sdk'] });
      for (const n of [1, 2, 3, 4, 5]) await end(`sim-api-404-no-list-${n}`);
      expect(await end('sim-api-404-no-list-6')).toMatchObject(bySource('deadline'));
      expect(await checks()).toMatchObject({ 'read-session': 'refused' });
      const ask = async (scanRef: string) => {
        const session = await create(scanRef);
        await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
        await probeIsDue();
        return end(scanRef, session);
      };
      expect(await ask('sim-silent-no-list-1')).toMatchObject(bySource('deadline'));
      const passed = { status: 'passed', attempt: { outcome: { status: 'SUCCESS', source: 'session-api' } } };
      expect(await ask('sim-silent-no-list-2')).toMatchObject(passed);
      expect(await checks()).not.toHaveProperty('read-session');
      // The list is given again.
      const open = simulator.ledger.sessions.filter(({ scanRef }) => scanRef === 'sim-refuse-list-only');
      for (const { token } of open) await simulator.selfie({ token, outcome: 'SUCCESS' });
    });

    it('is not assumed when iDenfy answers 404 for expired sessions but returns the list', async () => {
      const before = reads().length;
      const listsBefore = lists().length;
      for (let n = 1; n <= 12; n += 1)
        expect(await end(`sim-api-404-expired-${n}`)).toMatchObject(bySource('session-api'));
      expect(await checks()).not.toHaveProperty('read-session');
      // One call for the list after every five reads.
      expect(lists().length - listsBefore).toBe(2);
      expect(reads().length - before).toBe(14);
    });

    it('is called at most five times for one attempt when its answers are unclear', async () => {
      const made = await readsDuring(async () =>
        expect(await end('sim-api-unclear-deadline')).toMatchObject(bySource('deadline')),
      );
      expect(made).toBe(5);
      expect(await checks()).not.toHaveProperty('read-session');
    });

    it('gets only one call for the list of sessions, however many create calls are lost', async () => {
      const { client, simulator } = world();
      simulator.setOutage('reads-403');
      const before = lists().length;
      for (const n of [1, 2, 3]) {
        const answer = await client.post('/v1/sessions', { scanRef: `sim-cut-refused-${n}`, channels: ['sdk'] });
        const { id } = answer.body as SessionBody;
        await client.until(id, 'the code', ({ status }) => status === 'active');
      }
      expect(lists().length - before).toBe(1);
      expect(await checks()).toMatchObject({ 'list-sessions': 'refused' });
    });

    describe('called while the code is still valid', () => {
      const askNow = async ({ attempt }: SessionBody) => {
        await world().database.query(
          `update attempts set deadline_at = now() - interval '1 second', check_tries = 1 where id = $1`,
          [attempt!.id],
        );
        await poke(attempt!.id);
      };
      /** Waits until the attempt has its first deadline again. */
      const restored = ({ attempt }: SessionBody) =>
        waitFor(
          async () => {
            const { count } = await world().database.query(
              `select from attempts where id = $1 and deadline_at = expires_at + interval '120 seconds'
                and check_tries = 0 and unclear_answers = 0 and state in ('issued', 'awaiting-selfie')`,
              [attempt!.id],
            );
            return count === 1;
          },
          { what: 'the old deadline' },
        );

      it.each([
        ['no verdict yet', 'early-undecided', 'off', 1],
        ['an unknown session', 'sim-api-404-early', 'off', 1],
        ['unclear answers', 'sim-api-unclear-early', 'off', 5],
        ['a refusal', 'early-refused', 'reads-403', 1],
      ] as const)('leaves the attempt open after %s', async (_, scanRef, outage, calls) => {
        const { simulator, client } = world();
        const session = await create(scanRef);
        simulator.setOutage(outage);
        const made = await readsDuring(async () => {
          await askNow(session);
          await restored(session);
        });
        expect(made).toBe(calls);
        await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
        await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
      });

      it('is called again while it fails, and the attempt stays open', async () => {
        const { simulator } = world();
        const session = await create('early-slow');
        simulator.setOutage('reads-500');
        const before = reads().length;
        await askNow(session);
        await waitFor(() => reads().length - before >= 3, { what: 'three tries' });
        expect(await world().client.session(session.id)).toMatchObject({ status: 'active' });
        simulator.setOutage('off');
        await restored(session);
      });

      it.each([
        ['SUCCESS', 'passed'],
        ['FAILED', 'failed'],
      ] as const)('ends the attempt if iDenfy already has a verdict: %s', async (outcome, status) => {
        const session = await create(`sim-silent-early-${outcome}`);
        await world().simulator.selfie({ digitString: session.attempt!.code!, outcome });
        await askNow(session);
        expect(await ended(session.id)).toMatchObject({ status, attempt: { outcome: { source: 'session-api' } } });
      });
    });
  },
  { CONFIRM_PASS: 'off' },
);
