import { expect, it } from '@jest/globals';
import { type EventBody } from '../support/client.js';
import { quietJournal } from '../support/quiet-journal.js';
import { onEveryStore } from '../support/world.js';
import { waitFor } from '../support/wait-for.js';

interface Page {
  data: EventBody[];
  lastPosition: number;
  hasMore: boolean;
}

onEveryStore('reading the journal', (world) => {
  quietJournal(world);

  const read = async (query = '') => (await world().client.get(`/v1/events?${query}`).expect(200)).body as Page;

  it('gives every event once, in order, without gaps', async () => {
    const { client, database } = world();
    await Promise.all(Array.from({ length: 12 }, (_, n) => client.create(`events-${n}`)));
    await waitFor(async () => (await database.query('select from events where position is null')).count === 0, {
      what: 'everything to be sealed',
    });
    const seen: EventBody[] = [];
    let after = 0;
    for (;;) {
      const page = await read(`after=${after}&limit=7`);
      seen.push(...page.data);
      expect(page.lastPosition).toBe(page.data.at(-1)?.position ?? after);
      after = page.lastPosition;
      if (!page.hasMore) break;
    }
    expect(seen.map(({ position }) => position)).toEqual(seen.map((_, index) => index + 1));
    const { rows } = await database.query<{ n: number }>('select count(*)::int as n from events');
    expect(seen).toHaveLength(rows[0]!.n);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    const bySession = new Map<string, number[]>();
    const ofSessions = seen.filter((event) => event.sessionId !== null);
    for (const { sessionId, seq } of ofSessions) bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), seq]);
    for (const seqs of bySession.values()) expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  });

  it('has events of one shape', async () => {
    const session = await world().client.create('events-shape');
    const [created] = await world().client.untilEvent(session.id, 'attempt.awaiting-selfie');
    expect(created).toEqual({
      id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
      type: 'session.created',
      platform: 'main',
      sessionId: session.id,
      attemptId: null,
      seq: 1,
      position: expect.any(Number),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      actor: { kind: 'api-key', id: expect.stringMatching(/^key_/) },
      data: expect.objectContaining({ scanRef: 'events-shape', maxAttempts: 3 }),
      personal: null,
      personalDigest: null,
    });
  });

  it('filters by type and session', async () => {
    const session = await world().client.create('events-filter');
    await world().client.untilEvent(session.id, 'attempt.awaiting-selfie');
    const some = await read(`sessionId=${session.id}&type=attempt.issued,session.created`);
    expect(some.data.map(({ type }) => type)).toEqual(['session.created', 'attempt.issued']);
    const repeated = await read(`sessionId=${session.id}&type=attempt.issued&type=session.created`);
    expect(repeated.data).toEqual(some.data);
  });

  it('goes on after what does not fit, and never after what is to come', async () => {
    const { client } = world();
    const { lastPosition: head } = await read('limit=1000');
    expect(await read('sessionId=nobody')).toEqual({ data: [], lastPosition: head, hasMore: false });
    expect(await read('type=session.canceled&wait=0.1')).toEqual({ data: [], lastPosition: head, hasMore: false });
    expect((await read(`after=${head + 100}`)).lastPosition).toBe(head + 100);
    const waiting = read(`type=session.canceled,attempt.void&after=${head}&wait=20&limit=1`);
    const session = await client.create('events-filtered-wait');
    await client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
    const first = await waiting;
    expect(first.data.map(({ type }) => type)).toEqual(['attempt.void']);
    const second = await read(`type=session.canceled,attempt.void&after=${first.lastPosition}&wait=20`);
    expect(second.data.map(({ type }) => type)).toEqual(['session.canceled']);
    await client.untilEvent(session.id, 'session.canceled');
  });

  it('waits for the next event when it is asked to', async () => {
    const { lastPosition } = await read('limit=1000');
    const waiting = read(`after=${lastPosition}&wait=20`);
    const session = await world().client.create('events-wait');
    const page = await waiting;
    expect(page.data[0]).toMatchObject({ type: 'session.created', position: lastPosition + 1 });
    // What else the session has to tell is out before the next test looks for the end of the journal.
    await world().client.untilEvent(session.id, 'attempt.awaiting-selfie');
  });

  it('comes back empty-handed when nothing happens', async () => {
    const { lastPosition } = await read('limit=1000');
    expect(await read(`after=${lastPosition}&wait=1`)).toEqual({ data: [], lastPosition, hasMore: false });
  });

  it.each([
    ['after=-1', 'after'],
    ['after=one', 'after'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['type=session.exploded', 'type'],
    ['wait=31', 'wait'],
    ['before=3', 'before'],
  ])('refuses ?%s', async (query, field) => {
    const answer = await world().client.get(`/v1/events?${query}`).expect(400);
    const { errors } = answer.body as { errors: { field: string }[] };
    expect(errors.map((error) => error.field)).toContain(field);
  });
});
