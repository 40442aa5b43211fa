import { describe, expect, it } from '@jest/globals';
import { tokenDigest } from '../../src/attempts/attempt-secret.js';
import { JobDispatcher } from '../../src/queue/job-dispatcher.js';
import { jobs } from '../../src/queue/jobs.js';
import { endCode, putExpiryBack } from '../support/deadlines.js';
import { waitFor } from '../support/wait-for.js';
import { onEveryStore, type World } from '../support/world.js';
import { type SessionBody } from '../support/client.js';

/** Checks a due attempt at once. The sweeper would also find it, but seconds later. */
const check = ({ service }: World, { attempt }: SessionBody) =>
  service.service.app.get(JobDispatcher).add(jobs.check(attempt!.id));

/** So that a pass is held for no other reason than the one that a test is about. */
const withoutConfirmation = { CONFIRM_PASS: 'off' };

onEveryStore(
  'the clock',
  (world) => {
    const ended = (id: string) => world().client.until(id, 'the end', ({ endedAt }) => endedAt !== null);
    /** Lets the attempt reach its deadline without a webhook, and returns the ended session. */
    const endedByDeadline = async (session: SessionBody): Promise<SessionBody> => {
      await endCode(world().database, session);
      await check(world(), session);
      const last = await ended(session.id);
      await putExpiryBack(world().database, session);
      return last;
    };
    const reads = (scanRef: string) => {
      const tokens = new Set(
        world()
          .simulator.ledger.sessions.filter((session) => session.scanRef === scanRef)
          .map(({ token }) => token),
      );
      return world().simulator.ledger.requests.filter(
        ({ token, path }) => token !== null && tokens.has(token) && path.startsWith('/api/v2/facial-'),
      );
    };
    const create = (scanRef: string, rest: object = {}) => world().client.create(scanRef, { maxAttempts: 1, ...rest });

    it.each([
      ['SUCCESS', 'passed', 'SUCCESS'],
      ['FAILED', 'failed', 'FAILED'],
      ['CANCELED', 'expired', 'EXPIRED'],
    ] as const)('asks iDenfy when no webhook came: %s there is %s here', async (outcome, status, told) => {
      const { simulator } = world();
      const session = await create(`sim-silent-clock-${outcome}`);
      await simulator.selfie({
        digitString: session.attempt!.code!,
        outcome,
      });
      expect(await endedByDeadline(session)).toMatchObject({
        status,
        attempt: { outcome: { status: told, source: 'session-api' } },
      });
    });

    it('takes a session that is gone at iDenfy for expired', async () => {
      const session = await create('sim-api-404-clock');
      expect(await endedByDeadline(session)).toMatchObject({
        status: 'expired',
        attempt: { outcome: { source: 'session-api' } },
      });
    });

    it('asks again when iDenfy cannot answer', async () => {
      const session = await create('sim-api-500-twice-clock');
      const last = await endedByDeadline(session);
      expect(last.attempt?.outcome).toMatchObject({ source: 'session-api' });
      expect(reads('sim-api-500-twice-clock')).toHaveLength(3);
    });

    it('ends the attempt itself when iDenfy could not be asked for a whole day', async () => {
      const { simulator, database } = world();
      const session = await create('sim-clock-day');
      simulator.setOutage('500');
      try {
        await database.query(
          `update attempts set expires_at = now() - interval '25 hours', deadline_at = now() where id = $1`,
          [session.attempt!.id],
        );
        expect(await ended(session.id)).toMatchObject({
          status: 'expired',
          attempt: { outcome: { status: 'EXPIRED', source: 'deadline' } },
        });
        await putExpiryBack(database, session);
      } finally {
        simulator.setOutage('off');
      }
    });

    it('records a SUCCESS that comes after it had asked, and grants nothing', async () => {
      const { client, simulator } = world();
      const session = await create('sim-late-3-clock');
      await endedByDeadline(session);
      const made = simulator.ledger.sessions.find(({ scanRef }) => scanRef === 'sim-late-3-clock')!;
      await simulator.selfie({ token: made.token, outcome: 'SUCCESS' });
      await client.untilEvent(session.id, 'risk.flagged');
      expect(await client.session(session.id)).toMatchObject({
        status: 'expired',
        attempt: { signals: ['late-result'] },
      });
    });

    it('does not ask while the result comes by webhook', async () => {
      const { simulator } = world();
      const session = await create('clock-quiet');
      await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'FAILED' });
      await ended(session.id);
      expect(reads('clock-quiet')).toEqual([]);
    });

    describe('a SUCCESS that arrives after the expiry of its code and the grace', () => {
      /** Moves the expiry while `work` runs. The journal has recorded it as it was issued, so it is put back. */
      const expiredAnHourAgo = async (session: SessionBody, work: () => Promise<void>) => {
        const { id, expiresAt } = session.attempt!;
        const move = (to: string | Date) =>
          world().database.query('update attempts set expires_at = $2 where id = $1', [id, to]);
        await move(new Date(Date.now() - 3_600_000));
        await work();
        await move(expiresAt!);
      };
      const selfie = (session: SessionBody) =>
        world().simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
      const held = (session: SessionBody, reason: string) =>
        world().client.until(session.id, `the hold: ${reason}`, (now) => now.reason === reason);
      const late = async (scanRef: string): Promise<SessionBody> => {
        const session = await create(scanRef);
        await expiredAnHourAgo(session, async () => {
          await selfie(session);
          await world().client.until(session.id, 'the result', ({ attempt }) => attempt?.state === 'passed');
        });
        return session;
      };

      it('is held while iDenfy cannot be asked, and granted once iDenfy confirms it', async () => {
        const { client, simulator } = world();
        const session = await create('late-pass-outage');
        simulator.setOutage('500');
        try {
          await expiredAnHourAgo(session, async () => {
            await selfie(session);
            expect(await held(session, 'confirming')).toMatchObject({
              status: 'in-review',
              attempt: { state: 'passed', signals: ['late-result'] },
            });
          });
          const { body } = await client.get(`/v1/reviews/${session.id}`).expect(200);
          expect(body).toMatchObject({
            flags: [{ signal: 'late-result', facts: { secondsAfterExpiry: expect.any(Number), graceSeconds: 120 } }],
          });
        } finally {
          simulator.setOutage('off');
        }
        expect(await ended(session.id)).toMatchObject({ status: 'passed', reason: null });
        expect(reads('late-pass-outage').length).toBeGreaterThan(0);
      });

      it('is left to a person if iDenfy does not confirm it', async () => {
        const { client } = world();
        const session = await late('sim-disagree-late-pass');
        expect(await held(session, 'disputed')).toMatchObject({ attempt: { signals: ['late-result', 'disputed'] } });
        await client.post(`/v1/sessions/${session.id}/review`, { decision: 'fail', note: 'too late' }).expect(200);
        expect(await ended(session.id)).toMatchObject({ status: 'failed', reason: 'failed-in-review' });
      });

      it('is left to a person if iDenfy could not be asked for a whole day', async () => {
        const { simulator, database } = world();
        const session = await create('late-pass-day');
        simulator.setOutage('500');
        try {
          await expiredAnHourAgo(session, async () => {
            await selfie(session);
            await held(session, 'confirming');
            const { id, endedAt } = (await world().client.session(session.id)).attempt!;
            const end = (to: string | Date) =>
              database.query('update attempts set ended_at = $2 where id = $1', [id, to]);
            await end(new Date(Date.now() - 25 * 3_600_000));
            await held(session, 'unconfirmed');
            await end(endedAt!);
          });
        } finally {
          simulator.setOutage('off');
        }
      });

      it('is granted at once if it arrived in time and only we are late to apply it', async () => {
        const { simulator, service, database } = world();
        const results = service.service.app.get(JobDispatcher).queue('results');
        const session = await create('late-pass-backlog');
        const { token } = simulator.ledger.sessions.find(({ scanRef }) => scanRef === 'late-pass-backlog')!;
        await expiredAnHourAgo(session, async () => {
          await results.pause();
          await selfie(session);
          const arrived = () =>
            database.query(`update webhooks set received_at = now() - interval '1 hour' where token_digest = $1`, [
              tokenDigest(token),
            ]);
          await waitFor(async () => (await arrived()).count === 1, { what: 'the webhook' });
          expect(await world().client.session(session.id)).toMatchObject({ status: 'active' });
          await results.resume();
          expect(await ended(session.id)).toMatchObject({ status: 'passed', attempt: { signals: [] } });
        });
        expect(reads('late-pass-backlog')).toEqual([]);
      });
    });
  },
  withoutConfirmation,
);

onEveryStore('confirming passes, observed', (world) => {
  it('grants at once, asks afterwards, and keeps nothing of the token', async () => {
    const { client, simulator, database } = world();
    const session = await client.create('observe-agree');
    await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
    await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    const wiped = 'select from attempts where session_id = $1 and secret_sealed is null and confirm_at is null';
    await waitFor(async () => (await database.query(wiped, [session.id])).count === 1, {
      what: 'the token to be wiped',
    });
    expect(simulator.ledger.requests.some(({ path }) => path.startsWith('/api/v2/facial-'))).toBe(true);
    const events = await client.untilEvent(session.id, 'session.passed');
    expect(events.map(({ type }) => type)).not.toContain('attempt.disputed');
  });

  it('records and flags that iDenfy contradicts itself, and takes nothing back', async () => {
    const { client, simulator } = world();
    const session = await client.create('sim-disagree-observe');
    await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
    const events = await client.untilEvent(session.id, 'risk.flagged');
    expect(events.slice(-3).map(({ type }) => type)).toEqual(['session.passed', 'attempt.disputed', 'risk.flagged']);
    expect(await client.session(session.id)).toMatchObject({ status: 'passed', attempt: { signals: ['disputed'] } });
  });
});

onEveryStore(
  'confirming passes, enforced',
  (world) => {
    const held = (id: string, reason: string) =>
      world().client.until(
        id,
        `the hold: ${reason}`,
        (session) => session.status === 'in-review' && session.reason === reason,
      );
    const review = (id: string, decision: string, note = 'seen') =>
      world().client.post(`/v1/sessions/${id}/review`, { decision, note });
    const pass = async (scanRef: string): Promise<SessionBody> => {
      const session = await world().client.create(scanRef);
      await world().simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
      return session;
    };

    it('holds a pass until iDenfy has confirmed it', async () => {
      const { client } = world();
      const session = await pass('enforce-agree');
      const passed = await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
      expect(passed.reason).toBeNull();
      const types = (await client.untilEvent(session.id, 'session.passed')).map(({ type }) => type);
      expect(types.slice(-3)).toEqual(['attempt.passed', 'session.in-review', 'session.passed']);
    });

    it('leaves a disputed pass to a person, who may grant it', async () => {
      const { client } = world();
      const session = await pass('sim-disagree-enforce-1');
      await held(session.id, 'disputed');
      await client.post(`/v1/sessions/${session.id}/attempts`).expect(409, /session-closed/);
      const decided = await review(session.id, 'pass').expect(200);
      expect(decided.body).toMatchObject({ status: 'passed', reason: null });
      const events = await client.untilEvent(session.id, 'session.passed');
      const told = events.find(({ type }) => type === 'review.decided');
      expect(told).toMatchObject({
        data: { decision: 'pass' },
        personal: { note: 'seen' },
        actor: { kind: 'api-key' },
      });
      await review(session.id, 'fail').expect(409, /not-in-review/);
    });

    it('or refuse it', async () => {
      const session = await pass('sim-disagree-enforce-2');
      await held(session.id, 'disputed');
      const decided = await review(session.id, 'fail').expect(200);
      expect(decided.body).toMatchObject({ status: 'failed', reason: 'failed-in-review' });
    });

    it('takes the word of the session API itself without asking twice', async () => {
      const { client, simulator, database } = world();
      const session = await client.create('sim-silent-enforce');
      await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
      await database.query(`update attempts set deadline_at = now() where id = $1`, [session.attempt!.id]);
      await check(world(), session);
      const passed = await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
      expect(passed.attempt?.outcome).toMatchObject({ source: 'session-api' });
    });

    it('needs the scope, a decision and a note', async () => {
      const { client } = world();
      const session = await pass('sim-disagree-enforce-3');
      await held(session.id, 'disputed');
      const made = await client.post('/v1/api-keys', { name: 'platform', scopes: ['sessions', 'audit'] }).expect(201);
      const platform = client.as((made.body as { key: string }).key);
      await platform.post(`/v1/sessions/${session.id}/review`, { decision: 'pass', note: 'x' }).expect(403);
      await review(session.id, 'maybe').expect(400);
      await review(session.id, 'pass', '').expect(400);
      await review(`ses_${'0'.repeat(32)}`, 'pass').expect(404);
      const active = await client.create('enforce-active');
      await review(active.id, 'pass').expect(409, /not-in-review/);
    });
  },
  { CONFIRM_PASS: 'enforce' },
);

onEveryStore('sessions that a lost answer has left behind', (world) => {
  const creates = (scanRef: string) =>
    world().simulator.ledger.requests.filter((entry) => entry.scanRef === scanRef && entry.method === 'POST');
  const orphans = async () => (await world().database.query('select from orphans')).count;
  const start = async (scanRef: string, channels: string[]) => {
    const answer = await world().client.post('/v1/sessions', { scanRef, channels, reveal: false });
    expect([201, 202]).toContain(answer.status);
    const { id } = answer.body as SessionBody;
    return world().client.until(id, 'the code', ({ attempt }) => attempt?.state === 'issued');
  };

  it.each([['code'], ['web'], ['sdk']])(
    'are listed as orphans and never used, and one more is made: %s',
    async (channel) => {
      const { client, simulator } = world();
      const scanRef = `sim-cut-orphan-${channel}`;
      const before = await orphans();
      const session = await start(scanRef, [channel]);
      expect(creates(scanRef)).toHaveLength(2);
      expect(await orphans()).toBe(before + 1);
      const events = await client.untilEvent(session.id, 'attempt.issued');
      expect(events.find(({ type }) => type === 'attempt.orphaned')?.data).toEqual({ number: 1, count: 1 });
      expect((await client.get('/metrics')).text).toMatch(/^facecode_orphaned_sessions [1-9]/m);
      // Another product may have made it for its own user, so what becomes of it grants nothing here.
      const [lost, ours] = simulator.ledger.sessions.filter((made) => made.scanRef === scanRef);
      await simulator.selfie({ token: lost!.token, outcome: 'SUCCESS' });
      await client.until(session.id, 'the webhook of the orphan', () =>
        simulator.ledger.webhooks.some(({ token, statusAnswered }) => token === lost!.token && statusAnswered === 200),
      );
      expect(await client.session(session.id)).toMatchObject({ status: 'active', attempt: { state: 'issued' } });
      const { body } = await client.post(`/v1/sessions/${session.id}/code`).expect(200);
      expect(JSON.stringify(body)).not.toContain(lost!.token);
      await simulator.selfie({ token: ours!.token, outcome: 'SUCCESS' });
      await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    },
  );

  it('are not assumed if iDenfy lists none: after one look, one more call is made', async () => {
    const looks = () =>
      world().simulator.ledger.requests.filter(({ path }) => path === '/api/v2/facial-authentication-sessions/').length;
    const before = looks();
    await start('sim-error-500-twice-lost', ['code']);
    expect(creates('sim-error-500-twice-lost')).toHaveLength(3);
    expect(looks() - before).toBe(2);
  });

  it('keep no user waiting if iDenfy refuses to list them', async () => {
    const session = await start('sim-refuse-list-lost', ['code']);
    expect(creates('sim-refuse-list-lost')).toHaveLength(2);
    const types = (await world().client.untilEvent(session.id, 'attempt.issued')).map(({ type }) => type);
    expect(types).not.toContain('attempt.orphaned');
  });
});
