import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { canonicalJson, type Json } from '../../src/core/canonical-json.js';
import { endCode, putExpiryBack } from '../support/deadlines.js';
import { onEveryStore } from '../support/world.js';
import { type SessionBody } from '../support/client.js';
import { waitFor } from '../support/wait-for.js';

type Outcome = 'SUCCESS' | 'FAILED' | 'CANCELED' | 'EXPIRED';

onEveryStore('the flow', (world) => {
  const selfie = async (session: SessionBody, outcome: Outcome, rest: object = {}) => {
    const { digitString } = world().simulator.ledger.sessions.findLast(({ scanRef }) => scanRef === session.scanRef)!;
    const answer = await world().simulator.selfie({ digitString: digitString!, outcome, ...rest });
    expect(answer.status).toBe(204);
  };
  /** The session with a code of that attempt, not handed out yet. */
  const issued = (id: string, number: number) =>
    world().client.until(
      id,
      `the code of attempt ${number}`,
      ({ attempt }) => attempt?.number === number && attempt.state === 'issued',
    );
  const ended = (id: string) => world().client.until(id, 'the end', ({ endedAt }) => endedAt !== null);

  it('passes with the first selfie', async () => {
    const session = await world().client.create('flow-pass');
    await selfie(session, 'SUCCESS');
    const passed = await ended(session.id);
    expect(passed).toMatchObject({
      status: 'passed',
      reason: null,
      attempt: {
        state: 'passed',
        outcome: { status: 'SUCCESS', failReason: null, source: 'webhook', at: expect.any(String) },
        endedAt: expect.any(String),
      },
    });
  });

  it('gives a new code by itself after a failure, and passes with that', async () => {
    const { client } = world();
    const session = await client.create('flow-retry');
    await selfie(session, 'FAILED', { failReason: 'FACE_MISMATCH' });
    const again = await issued(session.id, 2);
    expect(again).toMatchObject({ status: 'active', attemptsLeft: 1 });
    expect(again.attempts[0]).toMatchObject({
      state: 'retry',
      outcome: { status: 'FAILED', failReason: 'FACE_MISMATCH' },
    });
    const { body } = await client.post(`/v1/sessions/${session.id}/code`).expect(200);
    expect((body as { code: string }).code).not.toBe(session.attempt?.code);
    await selfie(session, 'SUCCESS');
    await ended(session.id);
    const events = await client.untilEvent(session.id, 'session.passed');
    expect(events.map(({ type }) => type)).toEqual([
      'session.created',
      'attempt.requested',
      'attempt.issued',
      'attempt.awaiting-selfie',
      'attempt.retry',
      'attempt.requested',
      'attempt.issued',
      'attempt.awaiting-selfie',
      'attempt.passed',
      'session.passed',
    ]);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const positions = events.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  it('asks iDenfy only once whether the user may, whatever the number of codes', async () => {
    const session = await world().client.create('flow-eligible-once');
    await selfie(session, 'FAILED');
    await issued(session.id, 2);
    const asked = world().simulator.ledger.requests.filter(({ scanRef }) => scanRef === 'flow-eligible-once');
    expect(asked.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST']);
  });

  it.each([
    ['EXPIRED', 'EXPIRED'],
    ['CANCELED', 'CANCELED'],
  ] as const)('gives a new code after %s, if retryOn has it', async (outcome, status) => {
    const retryOn = [outcome.toLowerCase()];
    const session = await world().client.create(`flow-${outcome}`, { retryOn });
    await selfie(session, outcome);
    const again = await issued(session.id, 2);
    expect(again.attempts[0]).toMatchObject({ state: 'retry', outcome: { status } });
  });

  it.each(['EXPIRED', 'CANCELED'] as const)(
    'waits for a request of the platform after %s, unless retryOn has it',
    async (outcome) => {
      const { client, simulator } = world();
      const scanRef = `flow-waits-${outcome}`;
      const session = await client.create(scanRef);
      await selfie(session, outcome);
      const waiting = await client.until(session.id, 'the retry', ({ attempt }) => attempt?.state === 'retry');
      expect(waiting).toMatchObject({ status: 'active', attemptsLeft: 2, attempts: [{ number: 1 }] });
      expect(simulator.ledger.sessions.filter((made) => made.scanRef === scanRef)).toHaveLength(1);
      await client.post(`/v1/sessions/${session.id}/attempts`).expect(201);
    },
  );

  it.each([
    ['FAILED', 'failed'],
    ['CANCELED', 'failed'],
    ['EXPIRED', 'expired'],
  ] as const)('ends when no attempt is left: after %s as %s', async (outcome, status) => {
    const session = await world().client.create(`flow-end-${outcome}`, { maxAttempts: 1 });
    await selfie(session, outcome);
    expect(await ended(session.id)).toMatchObject({ status, reason: 'attempts-exhausted', attemptsLeft: 0 });
  });

  it('waits for the word of the platform after an outcome that is not in retryOn', async () => {
    const { client } = world();
    const session = await client.create('flow-word', { retryOn: ['expired'] });
    await selfie(session, 'FAILED');
    const waiting = await client.until(session.id, 'the retry', ({ attempt }) => attempt?.state === 'retry');
    expect(waiting).toMatchObject({ status: 'active', attemptsLeft: 2 });
    await client.post(`/v1/sessions/${session.id}/code`).expect(409, /no-live-code/);
    const asked = await client.post(`/v1/sessions/${session.id}/attempts`).expect(201);
    expect(asked.body).toMatchObject({
      attempt: { number: 2, state: 'awaiting-selfie', code: expect.stringMatching(/^\d{8}$/) },
    });
    await selfie(session, 'SUCCESS');
    expect(await ended(session.id)).toMatchObject({ status: 'passed' });
  });

  it('replaces a live code on demand, and the old one grants nothing any more', async () => {
    const { client, simulator } = world();
    const session = await client.create('flow-supersede');
    const asked = await client.post(`/v1/sessions/${session.id}/attempts`, { reveal: false }).expect(201);
    expect(asked.body).toMatchObject({
      attemptsLeft: 1,
      attempt: { number: 2, state: 'issued' },
      attempts: [{ number: 1, state: 'void', reason: 'superseded' }, { number: 2 }],
    });
    expect((asked.body as SessionBody).attempt).not.toHaveProperty('code');
    await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
    const events = await client.untilEvent(session.id, 'risk.flagged');
    expect(events.at(-2)?.data).toMatchObject({ reason: 'superseded', outcome: { status: 'SUCCESS' } });
    expect(await client.session(session.id)).toMatchObject({
      status: 'active',
      attempt: { number: 2, state: 'issued' },
    });
  });

  it('lets nobody ask for more codes than there are attempts', async () => {
    const { client } = world();
    const session = await client.create('flow-exhausted', { maxAttempts: 1 });
    await client.post(`/v1/sessions/${session.id}/attempts`).expect(409, /attempts-exhausted/);
    expect(await client.session(session.id)).toMatchObject({ attempt: { number: 1, state: 'awaiting-selfie' } });
  });

  it('ends by the word of the platform, and stays ended', async () => {
    const { client } = world();
    const session = await client.create('flow-cancel');
    const canceled = await client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
    expect(canceled.body).toMatchObject({ status: 'canceled', attempt: { state: 'void', reason: 'canceled' } });
    await client.post(`/v1/sessions/${session.id}/cancel`).expect(409, /session-closed/);
    await client.post(`/v1/sessions/${session.id}/code`).expect(409, /session-closed/);
    await client.post(`/v1/sessions/${session.id}/attempts`).expect(409, /session-closed/);
    await selfie(session, 'SUCCESS');
    await client.untilEvent(session.id, 'risk.flagged');
    expect(await client.session(session.id)).toMatchObject({
      status: 'canceled',
      attempts: [{ signals: ['late-result'] }],
    });
  });

  it('ends an attempt as expired when its deadline is over and nobody has said anything', async () => {
    const { client, database } = world();
    const session = await client.create('sim-silent-flow', { maxAttempts: 2, retryOn: ['expired'] });
    await endCode(database, session);
    const again = await issued(session.id, 2);
    await putExpiryBack(database, session);
    expect(again.attempts[0]).toMatchObject({
      state: 'retry',
      outcome: { status: 'EXPIRED', source: 'session-api', failReason: null },
    });
    await endCode(database, again);
    expect(await ended(session.id)).toMatchObject({ status: 'expired', reason: 'attempts-exhausted' });
    await putExpiryBack(database, again);
  });

  it('ends a session without a live code when its lifetime is over', async () => {
    const { client, database } = world();
    const session = await client.create('flow-lifetime', { retryOn: [] });
    await selfie(session, 'FAILED');
    await client.until(session.id, 'the retry', ({ attempt }) => attempt?.state === 'retry');
    await database.query(`update sessions set expires_at = now() where id = $1`, [session.id]);
    expect(await ended(session.id)).toMatchObject({ status: 'failed', reason: 'lifetime-over' });
  });

  it('lets a live code run on when the lifetime of its session is over, and issues no other', async () => {
    const { client, database } = world();
    const session = await client.create('flow-lifetime-live');
    await database.query(`update sessions set expires_at = now() where id = $1`, [session.id]);
    await client.post(`/v1/sessions/${session.id}/attempts`).expect(409, /attempts-exhausted/);
    await selfie(session, 'FAILED');
    expect(await ended(session.id)).toMatchObject({ status: 'failed', reason: 'lifetime-over', attemptsLeft: 2 });
  });

  it('applies a result that came before the create call was answered', async () => {
    const session = await world().client.create('sim-reordered-flow');
    expect(await ended(session.id)).toMatchObject({ status: 'passed' });
  });

  it.each(['minimal', 'title-case', 'duplicate'])('passes with the webhook of the variant %s', async (name) => {
    const session = await world().client.create(`sim-${name}-flow`);
    await selfie(session, 'SUCCESS');
    expect(await ended(session.id)).toMatchObject({ status: 'passed' });
  });

  it('reads CANCELLED as CANCELED', async () => {
    const session = await world().client.create('sim-cancelled-double-l-flow', { maxAttempts: 1 });
    await selfie(session, 'CANCELED');
    expect(await ended(session.id)).toMatchObject({ status: 'failed', attempt: { outcome: { status: 'CANCELED' } } });
  });

  it('lets the first of two conflicting results stand, and tells of the other', async () => {
    const { client } = world();
    const session = await client.create('sim-conflicting-flow');
    await selfie(session, 'SUCCESS');
    const events = await client.untilEvent(session.id, 'risk.flagged');
    expect(events.at(-2)?.data).toMatchObject({
      reason: 'session-closed',
      outcome: { status: 'FAILED' },
      earlier: { status: 'SUCCESS' },
    });
    expect(await client.session(session.id)).toMatchObject({ status: 'passed' });
  });

  it.each(['unsigned', 'bad-signature'])('never believes a webhook that is %s', async (name) => {
    const { client, simulator } = world();
    const session = await client.create(`sim-${name}-flow`);
    await selfie(session, 'SUCCESS');
    const refused = () =>
      simulator.ledger.webhooks.find(
        ({ body, statusAnswered }) => body.includes(`sim-${name}-flow`) && statusAnswered === 401,
      );
    await waitFor(refused, { what: 'the refusal' });
    expect(await client.session(session.id)).toMatchObject({ status: 'active' });
  });

  it('wipes the sealed code when the attempt ends', async () => {
    const { client, database } = world();
    const sealed = async (id: string) => {
      const { rows } = await database.query<{ secret: Buffer | null }>(
        'select secret_sealed as secret from attempts where session_id = $1',
        [id],
      );
      return rows[0]?.secret ?? null;
    };
    const session = await client.create('flow-wipe');
    expect(await sealed(session.id)).not.toBeNull();
    await selfie(session, 'SUCCESS');
    await ended(session.id);
    // The token stays until the pass is confirmed, the digits do not.
    await waitFor(async () => (await sealed(session.id)) === null, { what: 'the secret to be wiped' });
  });

  it('keeps the address of the selfie apart from the facts, with a digest that proves it', async () => {
    const { client } = world();
    const session = await client.create('flow-personal', { reference: 'order-1', initiator: { ip: '198.51.100.4' } });
    await selfie(session, 'SUCCESS', { ipAddress: '203.0.113.9' });
    const events = await client.untilEvent(session.id, 'session.passed');
    const [created, passed] = [events[0]!, events.find(({ type }) => type === 'attempt.passed')!];
    expect(created.personal).toMatchObject({
      salt: expect.any(String),
      reference: 'order-1',
      initiator: { ip: '198.51.100.4' },
    });
    expect(passed.personal).toMatchObject({ salt: expect.any(String), selfieIp: '203.0.113.9' });
    for (const event of [created, passed]) {
      const digest = createHash('sha256')
        .update(canonicalJson(event.personal as Json))
        .digest('hex');
      expect(event.personalDigest).toBe(digest);
      expect(JSON.stringify(event.data)).not.toMatch(/198\.51\.100\.4|203\.0\.113\.9|order-1/);
    }
  });
});
