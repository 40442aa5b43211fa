/**
 * Results with a scanRef but no token, which iDenfy's OpenAPI file does not require. The session API has the verdict.
 */
import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { JobDispatcher } from '../../src/queue/job-dispatcher.js';
import type { SessionBody } from '../support/client.js';
import { onEveryStore } from '../support/world.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook } from '../support/webhook.js';

type Verdict = 'SUCCESS' | 'FAILED';

interface Kept {
  id: string;
  state: string;
  verdict: string | null;
  error: string | null;
  attempt_id: string | null;
  platform: string | null;
  has_body: boolean;
}

onEveryStore('results without a token', (world) => {
  const send = (body: object) => sendWebhook(world().url, { id: randomUUID(), clientId: 'c-1', ...body });
  const newest = async (): Promise<Kept> => {
    const { rows } = await world().database.query<Kept>(
      `select id, state, verdict, error, attempt_id, platform, body_sealed is not null as has_body
         from webhooks order by id desc limit 1`,
    );
    return rows[0]!;
  };
  const untilNewestIs = (state: string) =>
    waitFor(
      async () => {
        const kept = await newest();
        return kept.state === state ? kept : null;
      },
      { what: `the webhook to be ${state}` },
    );
  /** The calls to the session API for the sessions of a scanRef. */
  const reads = (scanRef: string) => {
    const { sessions, requests } = world().simulator.ledger;
    const tokens = new Set(sessions.filter((made) => made.scanRef === scanRef).map(({ token }) => token));
    const toSessions = '/api/v2/facial-authentication-sessions/';
    return requests.filter(({ token, path }) => token !== null && tokens.has(token) && path.startsWith(toSessions));
  };
  const create = (scanRef: string) => world().client.create(scanRef, { maxAttempts: 1, channels: ['code', 'sdk'] });
  /** Takes a selfie without a webhook. */
  const takeSelfie = ({ attempt }: SessionBody, outcome: Verdict) =>
    world().simulator.selfie({ token: attempt!.token!, outcome });
  const ended = (session: SessionBody) =>
    world().client.until(session.id, 'its end', ({ endedAt }) => endedAt !== null);

  it.each([
    ['SUCCESS', 'passed'],
    ['FAILED', 'failed'],
  ] as const)('cause an immediate call to the session API: %s', async (status, becomes) => {
    const scanRef = `sim-silent-tokenless-${status}`;
    const session = await create(scanRef);
    await takeSelfie(session, status);
    await send({ scanRef, status }).expect(200, { received: true });
    expect(await ended(session)).toMatchObject({
      status: becomes,
      attempt: { outcome: { status, source: 'session-api' } },
    });
    expect(reads(scanRef)).toHaveLength(1);
    expect(await newest()).toMatchObject({
      state: 'unmatched',
      verdict: 'no-token',
      error: null,
      attempt_id: null,
      platform: null,
      has_body: true,
    });
  });

  it.each([
    ['null', null],
    ['an empty text', ''],
    ['a number', 7],
    ['256 characters', 'x'.repeat(256)],
    ['a NUL', 'a\0b'],
  ])('include results whose token is %s', async (name, token) => {
    const scanRef = `sim-silent-tokenless-${name.replaceAll(' ', '-')}`;
    const session = await create(scanRef);
    await takeSelfie(session, 'SUCCESS');
    await send({ scanRef, status: 'SUCCESS', token }).expect(200, { received: true });
    expect(await ended(session)).toMatchObject({ status: 'passed', attempt: { outcome: { source: 'session-api' } } });
  });

  it('also come from the simulator, and its test message is answered with 200', async () => {
    const { client, simulator } = world();
    const session = await create('sim-tokenless-flow');
    await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
    expect(await ended(session)).toMatchObject({ status: 'passed', attempt: { outcome: { source: 'session-api' } } });

    const before = simulator.ledger.webhooks.length;
    await fetch(`${simulator.url}/app/test-message`, { method: 'POST' });
    await waitFor(() => simulator.ledger.webhooks[before]?.statusAnswered === 200, { what: 'the answer' });
    const { body } = await client.get('/v1/webhooks?state=quarantined&limit=1').expect(200);
    expect(body).toMatchObject({ data: [{ state: 'quarantined', error: 'there is no usable status' }] });
  });

  it('never decide: only the verdict of the session API counts', async () => {
    const scanRef = 'sim-silent-tokenless-lie';
    const session = await create(scanRef);
    await takeSelfie(session, 'FAILED');
    await send({ scanRef, status: 'SUCCESS' }).expect(200);
    expect(await ended(session)).toMatchObject({ status: 'failed', attempt: { outcome: { status: 'FAILED' } } });
  });

  it('concern all open attempts of the scanRef in any letter case, and no others', async () => {
    const scanRef = randomUUID().toUpperCase();
    // The simulator sends its webhook only when asked, since these sessions have no app.
    world().simulator.setWebhookUrl(null);
    try {
      const [one, two, other] = [await create(scanRef), await create(scanRef), await create(randomUUID())];
      for (const session of [one, two, other]) await takeSelfie(session, 'SUCCESS');
      await send({ scanRef: scanRef.toLowerCase(), status: 'SUCCESS' }).expect(200);
      for (const session of [one, two]) expect(await ended(session)).toMatchObject({ status: 'passed' });
      expect(reads(scanRef)).toHaveLength(2);
      expect(reads(other.scanRef)).toEqual([]);
      expect(await world().client.session(other.id)).toMatchObject({ status: 'active' });
    } finally {
      world().simulator.setWebhookUrl(`${world().url}/webhooks/idenfy`);
    }
  });

  it('do not concern a scanRef in another letter case unless it is a UUID, nor attempts that have ended', async () => {
    const scanRef = 'sim-silent-tokenless-letters';
    const session = await create(scanRef);
    await takeSelfie(session, 'SUCCESS');
    await send({ scanRef: 'sim-silent-tokenless-LETTERS', status: 'SUCCESS' }).expect(200, { received: true });
    expect(await untilNewestIs('unmatched')).toMatchObject({ verdict: 'no-token' });
    await world().client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
    await send({ scanRef, status: 'SUCCESS' }).expect(200, { received: true });
    await untilNewestIs('unmatched');
    expect(reads(scanRef)).toEqual([]);
  });

  it.each(['PENDING', 'SOMETHING_NEW', ''])('are ignored with the status %j', async (status) => {
    const scanRef = `sim-silent-tokenless-${status}-status`;
    const session = await create(scanRef);
    await send({ scanRef, status }).expect(200, { received: true });
    expect(await untilNewestIs('ignored')).toMatchObject({ error: `status ${status} is not final` });
    expect(reads(scanRef)).toEqual([]);
    expect(await world().client.session(session.id)).toMatchObject({ status: 'active' });
  });

  it('count as duplicates if the body is the same, and cause another check when they are replayed', async () => {
    const scanRef = 'sim-silent-tokenless-replay';
    const body = { id: randomUUID(), scanRef, status: 'SUCCESS' };
    await sendWebhook(world().url, body).expect(200, { received: true });
    await sendWebhook(world().url, body).expect(200, { received: true, duplicate: true });
    const { id } = await untilNewestIs('unmatched');
    const session = await create(scanRef);
    await takeSelfie(session, 'SUCCESS');
    const { body: replayed } = await world().client.post(`/v1/webhooks/${id}/replay`).expect(200);
    expect(replayed).toMatchObject({ state: 'unmatched', verdict: 'no-token', replays: 1, duplicates: 1 });
    expect(await ended(session)).toMatchObject({ status: 'passed' });
  });

  it('cause a check even if the job is lost', async () => {
    const scanRef = 'sim-silent-tokenless-lost-job';
    const session = await create(scanRef);
    await takeSelfie(session, 'SUCCESS');
    const codes = world().service.service.app.get(JobDispatcher).queue('codes');
    await codes.pause();
    try {
      await send({ scanRef, status: 'SUCCESS' }).expect(200);
      await untilNewestIs('unmatched');
      await waitFor(async () => (await codes.count()) > 0, {
        what: 'the job',
      });
      await codes.drain();
    } finally {
      await codes.resume();
    }
    expect(await ended(session)).toMatchObject({ status: 'passed' });
  });

  it('of many sessions at once cause one call for each session', async () => {
    const scanRefs = Array.from({ length: 8 }, (_, n) => `sim-silent-tokenless-batch-${n}`);
    const sessions = await Promise.all(scanRefs.map((scanRef) => create(scanRef)));
    await Promise.all(sessions.map((session) => takeSelfie(session, 'SUCCESS')));
    await Promise.all(scanRefs.map((scanRef) => send({ scanRef, status: 'SUCCESS' }).expect(200)));
    for (const session of sessions) expect(await ended(session)).toMatchObject({ status: 'passed' });
    for (const scanRef of scanRefs) expect(reads(scanRef)).toHaveLength(1);
  });

  it('leave an attempt alone that iDenfy has not decided: its code lives on, and is checked again at its own deadline', async () => {
    const scanRef = 'sim-silent-tokenless-undecided';
    const session = await create(scanRef);
    const deadline = async () => {
      const { rows } = await world().database.query<{ at: Date }>(
        'select deadline_at as at from attempts where id = $1',
        [session.attempt!.id],
      );
      return rows[0]!.at.getTime();
    };
    const before = await deadline();
    await send({ scanRef, status: 'EXPIRED' }).expect(200);
    await waitFor(async () => reads(scanRef).length === 1 && (await deadline()) === before, {
      what: 'the deadline to be what it was',
    });
    expect(await world().client.session(session.id)).toMatchObject({
      status: 'active',
      attempt: { state: 'awaiting-selfie', outcome: null },
    });
    await takeSelfie(session, 'SUCCESS');
    await send({ scanRef, status: 'SUCCESS' }).expect(200);
    expect(await ended(session)).toMatchObject({ status: 'passed' });
  });

  it('in great number bring few calls, and the verdict all the same', async () => {
    const scanRef = 'sim-silent-tokenless-flood';
    const session = await create(scanRef);
    const started = Date.now();
    const count = 120;
    for (let n = 0; n < count; n += 20) {
      await Promise.all(Array.from({ length: 20 }, () => send({ scanRef, status: 'FAILED' }).expect(200)));
    }
    await waitFor(
      async () =>
        (await world().database.query(`select from webhooks where state = 'new'`)).count === 0 &&
        reads(scanRef).length > 0,
      { what: 'all of them to be applied' },
    );
    await takeSelfie(session, 'SUCCESS');
    await send({ scanRef, status: 'SUCCESS' }).expect(200);
    expect(await ended(session)).toMatchObject({ status: 'passed' });
    // Of each ten seconds one call at once, one after the pause, and one of the sweeper's.
    const periods = 1 + Math.floor((Date.now() - started) / 10_000);
    expect(reads(scanRef).length).toBeLessThanOrEqual(3 * periods);
  });

  it('lose their body when the subject is erased, in any letter case of its scanRef', async () => {
    const scanRef = randomUUID();
    await create(scanRef);
    await send({ scanRef: scanRef.toUpperCase(), status: 'PENDING' }).expect(200);
    const ignored = await untilNewestIs('ignored');
    await send({ scanRef: scanRef.toUpperCase(), status: 'FAILED' }).expect(200);
    const unmatched = await untilNewestIs('unmatched');
    await world().client.post(`/v1/subjects/${scanRef}/erase`).expect(200);
    const { rows } = await world().database.query<{ id: string }>(
      'select id from webhooks where id = any($1) and (body_sealed is not null or scan_ref_digest is not null)',
      [[ignored.id, unmatched.id]],
    );
    expect(rows).toEqual([]);
  });
});
