import { expect, it } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import { SubjectsService } from '../../src/risk/subjects.service.js';
import { Client } from '../support/client.js';
import { startTestService } from '../support/service.js';
import { onEveryStore } from '../support/world.js';
import { type SessionBody } from '../support/client.js';

onEveryStore('limits', (world) => {
  const digitsOf = (scanRef: string, nth: number) =>
    world().simulator.ledger.sessions.filter((session) => session.scanRef === scanRef)[nth]!.digitString!;
  const issued = (id: string, number: number) =>
    world().client.until(
      id,
      `code ${number}`,
      ({ attempt }) => attempt?.number === number && attempt.state === 'issued',
    );
  const selfie = (digitString: string, outcome: 'SUCCESS' | 'FAILED') =>
    world().simulator.selfie({ digitString, outcome });
  /** Fails so often in one session of five attempts, always with its own code. */
  const fail = async (session: SessionBody, times: number) => {
    const codes = () => world().simulator.ledger.sessions.filter(({ scanRef }) => scanRef === session.scanRef);
    for (let n = 1; n <= times; n += 1) {
      const { digitString } = codes().findLast(({ state }) => state === 'OPEN')!;
      await selfie(digitString!, 'FAILED');
      if (n < times) await issued(session.id, n + 1);
    }
  };

  /** A slow machine may need longer than the 30 s of the first lock to check its effects. */
  const lockForAnHour = async (scanRef: string) => {
    const sql = `update subjects set locked_until = now() + interval '1 hour' where scan_ref = $1 and locked_until is not null`;
    expect((await world().database.query(sql, [scanRef])).count).toBe(1);
  };

  it('lock a subject after five failures in a row, warn before it, and refuse new sessions', async () => {
    const { client } = world();
    const session = await client.create('limits-lock', { maxAttempts: 5 });
    await fail(session, 5);
    await client.until(session.id, 'the end', ({ status }) => status === 'failed');
    const events = await client.untilEvent(session.id, 'session.failed');
    const told = events.filter(({ type }) => type === 'risk.flagged' || type === 'subject.locked');
    expect(told.map(({ type, data }) => [type, data.consecutiveFailures, data.lockSeconds])).toEqual([
      ['risk.flagged', 4, undefined],
      ['subject.locked', 5, 30],
    ]);
    await lockForAnHour('limits-lock');
    const refused = await client.post('/v1/sessions', { scanRef: 'limits-lock' }).expect(423);
    expect(refused.body).toMatchObject({ code: 'subject-locked' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(1800);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(3600);
    expect((await client.get('/v1/subjects/limits-lock').expect(200)).body).toMatchObject({ locked: true, locks: 1 });
    await client.post('/v1/subjects/limits-lock/release').expect(200);
    await client.create('limits-lock');
  });

  it('count over all sessions of a subject, and end the one whose failure locks', async () => {
    const { client } = world();
    const first = await client.create('limits-across', { maxAttempts: 5 });
    await fail(first, 3);
    await issued(first.id, 4);
    const second = await client.create('limits-across', { maxAttempts: 5 });
    await selfie(second.attempt!.code!, 'FAILED');
    await issued(second.id, 2);
    await selfie(digitsOf('limits-across', 3), 'FAILED');
    const ended = await client.until(first.id, 'the end', ({ endedAt }) => endedAt !== null);
    expect(ended).toMatchObject({ status: 'failed', reason: 'subject-locked', attemptsLeft: 1 });
    await lockForAnHour('limits-across');
    await client.post(`/v1/sessions/${second.id}/attempts`).expect(423, /subject-locked/);
    const codes = world().simulator.ledger.sessions.filter(({ scanRef }) => scanRef === 'limits-across');
    await selfie(codes.at(-1)!.digitString!, 'SUCCESS');
    const held = await client.until(second.id, 'the hold', ({ status }) => status === 'in-review');
    expect(held).toMatchObject({ reason: 'subject-locked', attempt: { state: 'passed' } });
    const reviewed = await client.post(`/v1/sessions/${second.id}/review`, { decision: 'pass', note: 'called her' });
    expect(reviewed.body).toMatchObject({ status: 'passed' });
  });

  it('forget the failures after a pass', async () => {
    const { client } = world();
    const session = await client.create('limits-reset', { maxAttempts: 5 });
    await fail(session, 3);
    await issued(session.id, 4);
    await selfie(digitsOf('limits-reset', 3), 'SUCCESS');
    await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    const { body } = await client.get('/v1/subjects/limits-reset').expect(200);
    expect(body).toMatchObject({ consecutiveFailures: 0, locked: false });
  });

  it('count a failure with a code that was replaced in time', async () => {
    const { client } = world();
    const session = await client.create('limits-replaced', { maxAttempts: 5 });
    await client.post(`/v1/sessions/${session.id}/attempts`).expect(201);
    await selfie(session.attempt!.code!, 'FAILED');
    await client.untilEvent(session.id, 'risk.flagged');
    const { body } = await client.get('/v1/subjects/limits-replaced').expect(200);
    expect(body).toMatchObject({ consecutiveFailures: 1 });
  });

  it('hold a code back that was asked for before the lock, without spending the attempt', async () => {
    const { client, database } = world();
    await database.query(
      `insert into subjects (scan_ref, consecutive_failures, locks, updated_at) values ('sim-check-500-limits', 4, 0, now())`,
    );
    const answer = await client.post('/v1/sessions', { scanRef: 'sim-check-500-limits', reveal: false });
    const { id } = answer.body as SessionBody;
    await database.query(
      `update subjects set consecutive_failures = 5, locks = 1, locked_until = now() + interval '3 seconds' where scan_ref = 'sim-check-500-limits'`,
    );
    const session = await client.until(id, 'the code', ({ attempt }) => attempt?.state === 'issued');
    expect(session).toMatchObject({ attemptsLeft: 2, attempt: { number: 1 } });
  });

  it('are replayed to who repeats the request with the same idempotency key', async () => {
    const { client, database } = world();
    await database.query(
      `insert into subjects (scan_ref, consecutive_failures, locks, locked_until, updated_at)
       values ('limits-key', 5, 1, now() + interval '1 hour', now())`,
    );
    const ask = (key: string) => client.post('/v1/sessions', { scanRef: 'limits-key' }).set('idempotency-key', key);
    const first = await ask('limits-key').expect(423);
    await database.query(`update subjects set locked_until = null where scan_ref = 'limits-key'`);
    const again = await ask('limits-key').expect(423);
    expect(again.headers['retry-after']).toBe(first.headers['retry-after']);
    await ask('limits-another-key').expect(201);
  });
});

it('a session gets no more attempts than a stricter profile allows, whether it asks for more or says nothing', async () => {
  const stricter = { LIMITS_PROFILE: 'custom', LIMITS_MAX_ATTEMPTS: '2', CREATE_WAIT_SECONDS: '0' };
  const service = await startTestService(stricter);
  try {
    const client = new Client(service.url, service.adminKey);
    const asked = async (fields: object) =>
      (await client.post('/v1/sessions', { scanRef: 'limits-capped', ...fields }).expect(202)).body as SessionBody;
    for (const fields of [{}, { maxAttempts: 5 }]) {
      expect(await asked(fields)).toMatchObject({ maxAttempts: 2, attemptsLeft: 1 });
    }
    expect(await asked({ maxAttempts: 1 })).toMatchObject({ maxAttempts: 1, attemptsLeft: 0 });
  } finally {
    await service.close();
  }
});

it('with nist-800-63b the fiftieth failure in a row locks a subject until a person releases it', async () => {
  const service = await startTestService({ LIMITS_PROFILE: 'nist-800-63b', CREATE_WAIT_SECONDS: '0' });
  try {
    const client = new Client(service.url, service.adminKey);
    const { app } = service.service;
    const [database, subjects] = [app.get(Database), app.get(SubjectsService, { strict: false })];
    const scanRef = 'limits-stopped';
    await database.query(
      `insert into subjects (scan_ref, consecutive_failures, locks, updated_at) values ($1, 48, 44, now())`,
      [scanRef],
    );
    const fail = () =>
      database.transaction((tx) => subjects.record(tx, { scanRef, platform: 'main' }, 'FAILED', new Date()));
    expect((await fail()).map(({ type, data }) => [type, data])).toEqual([
      ['subject.locked', expect.objectContaining({ consecutiveFailures: 49, lockSeconds: 3600 })],
      ['risk.flagged', { signal: 'about-to-lock', scanRef, consecutiveFailures: 49, lockAfterFailures: 50 }],
    ]);
    const stopped = { scanRef, consecutiveFailures: 50, lockedUntil: null, lockSeconds: null };
    expect((await fail()).map(({ type, data }) => [type, data])).toEqual([['subject.locked', stopped]]);

    const shown = await client.get(`/v1/subjects/${scanRef}`).expect(200);
    expect(shown.body).toMatchObject({ locked: true, lockedUntil: null, consecutiveFailures: 50 });
    const refused = await client.post('/v1/sessions', { scanRef }).expect(423, /subject-locked/);
    expect(refused.headers['retry-after']).toBe('3600');
    const released = await client.post(`/v1/subjects/${scanRef}/release`).expect(200);
    expect(released.body).toMatchObject({ locked: false, consecutiveFailures: 0 });
    await client.post('/v1/sessions', { scanRef }).expect(202);
  } finally {
    await service.close();
  }
});
