import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { OutcomeStatus } from '../../src/risk/subject.js';
import { SubjectsService } from '../../src/risk/subjects.service.js';
import { waitFor } from '../support/wait-for.js';
import { type EventBody } from '../support/client.js';
import { onEveryStore } from '../support/world.js';

onEveryStore('subjects', (world) => {
  const subjects = () => world().service.service.app.get(SubjectsService, { strict: false });
  const record = (scanRef: string, status: OutcomeStatus, now = new Date()) =>
    world().database.transaction((tx) => subjects().record(tx, { scanRef, platform: 'main' }, status, now));
  const standing = (scanRef: string, now: Date) =>
    world().database.transaction((tx) => subjects().standing(tx, scanRef, now));
  const fail = async (scanRef: string, times: number, now = new Date()) => {
    const events = [];
    for (let n = 0; n < times; n += 1) events.push(await record(scanRef, 'FAILED', now));
    return events;
  };
  const path = (scanRef: string) => `/v1/subjects/${encodeURIComponent(scanRef)}`;
  const releases = async (scanRef: string) => {
    const answer = await world().client.get('/v1/events?type=subject.released&limit=1000').expect(200);
    return (answer.body as { data: EventBody[] }).data.filter(({ data }) => data.scanRef === scanRef);
  };

  it('are unknown before their first session, with a clean slate after it', async () => {
    const { client } = world();
    const scanRef = randomUUID();
    const unknown = await client.get(path(scanRef)).expect(404);
    expect(unknown.body).toMatchObject({ code: 'not-found' });
    await client.post(`${path(scanRef)}/release`).expect(404);
    await client.create(scanRef);
    const known = await client.get(path(scanRef)).expect(200);
    expect(known.body).toEqual({
      scanRef,
      consecutiveFailures: 0,
      locked: false,
      lockedUntil: null,
      locks: 0,
      lastOutcomes: [],
    });
  });

  it.each(['%00', 'x'.repeat(65)])('are not found as %s', async (text) => {
    const answer = await world().client.get(`/v1/subjects/${text}`);
    expect(answer.status).toBe(404);
    expect(answer.type).toBe('application/problem+json');
  });

  it('are warned of and locked, in events that the caller appends', async () => {
    const scanRef = randomUUID();
    const now = new Date();
    const first = await fail(scanRef, 3, now);
    expect(first).toEqual([[], [], []]);
    expect(await record(scanRef, 'FAILED', now)).toEqual([
      {
        type: 'risk.flagged',
        attemptId: null,
        data: { signal: 'about-to-lock', scanRef, consecutiveFailures: 4, lockAfterFailures: 5 },
      },
    ]);
    const until = new Date(now.getTime() + 30_000);
    expect(await record(scanRef, 'FAILED', now)).toEqual([
      {
        type: 'subject.locked',
        attemptId: null,
        data: { scanRef, consecutiveFailures: 5, lockedUntil: until.toISOString(), lockSeconds: 30 },
      },
    ]);
    expect(await standing(scanRef, now)).toEqual({ lockedUntil: until });
    expect(await standing(scanRef, until)).toEqual({ lockedUntil: null });
  });

  it('are shown with their lock and their last ten outcomes, newest first', async () => {
    const { client } = world();
    const scanRef = randomUUID();
    await record(scanRef, 'SUCCESS');
    await fail(scanRef, 4);
    await record(scanRef, 'CANCELED');
    await fail(scanRef, 6);
    const { body } = await client.get(path(scanRef)).expect(200);
    const { lastOutcomes, ...rest } = body as { lastOutcomes: { status: string; at: string }[]; lockedUntil: string };
    expect(rest).toMatchObject({ scanRef, consecutiveFailures: 10, locked: true, locks: 6 });
    expect(new Date(rest.lockedUntil).getTime()).toBeGreaterThan(Date.now());
    expect(lastOutcomes.map(({ status }) => status)).toEqual([
      ...Array<string>(6).fill('FAILED'),
      'CANCELED',
      ...Array<string>(3).fill('FAILED'),
    ]);
  });

  it('are locked no more when that is over, and then say so', async () => {
    const scanRef = randomUUID();
    await fail(scanRef, 5, new Date(Date.now() - 31_000));
    const { body } = await world().client.get(path(scanRef)).expect(200);
    expect(body).toMatchObject({ consecutiveFailures: 5, locked: false, lockedUntil: null, locks: 1 });
  });

  it('are counted once each by many at a time, and locked by exactly one of them', async () => {
    const scanRef = randomUUID();
    const now = new Date();
    const events = (await Promise.all(Array.from({ length: 5 }, () => record(scanRef, 'FAILED', now)))).flat();
    expect(events.map(({ type }) => type).sort()).toEqual(['risk.flagged', 'subject.locked']);
  });

  it('are released by a reviewer, which is in the journal once and by whom', async () => {
    const { client } = world();
    const made = await client.post('/v1/api-keys', { name: 'reviewer', scopes: ['review'], platform: '*' }).expect(201);
    const key = made.body as { id: string; key: string };
    const scanRef = randomUUID();
    await fail(scanRef, 6);
    const release = () =>
      client
        .as(key.key)
        .post(`${path(scanRef)}/release`)
        .expect(200);
    const { body } = await release();
    expect(body).toMatchObject({ scanRef, consecutiveFailures: 0, locked: false, lockedUntil: null, locks: 0 });
    expect((body as { lastOutcomes: unknown[] }).lastOutcomes).toHaveLength(6);
    await release();
    const told = await waitFor(async () => ((found) => found.length > 0 && found)(await releases(scanRef)), {
      what: 'the release in the journal',
    });
    expect(told).toMatchObject([
      { sessionId: null, actor: { kind: 'api-key', id: key.id }, data: { scanRef, consecutiveFailures: 6, locks: 2 } },
    ]);
    expect(await fail(scanRef, 1)).toEqual([[]]);
  });

  it('are read with the scope audit and released with the scope review only', async () => {
    const { client } = world();
    const scanRef = randomUUID();
    await fail(scanRef, 1);
    for (const [scope, platform, read, released] of [
      ['audit', '*', 200, 403],
      ['review', '*', 403, 200],
      ['sessions', 'main', 403, 403],
      ['endpoints', 'main', 403, 403],
    ] as const) {
      const made = await client.post('/v1/api-keys', { name: scope, scopes: [scope], platform }).expect(201);
      const as = client.as((made.body as { key: string }).key);
      await as.get(path(scanRef)).expect(read);
      await as.post(`${path(scanRef)}/release`).expect(released);
    }
  });
});
