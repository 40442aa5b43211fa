import { expect, it } from '@jest/globals';
import { onEveryStore } from '../support/world.js';
import { type SessionBody } from '../support/client.js';

onEveryStore('idempotency keys', (world) => {
  const create = (key: string, scanRef: string, rest: object = {}) =>
    world()
      .client.post('/v1/sessions', { scanRef, ...rest })
      .set('idempotency-key', key);
  const countOf = async (scanRef: string) => {
    const { rows } = await world().database.query<{ n: number }>(
      'select count(*)::int as n from sessions where scan_ref = $1',
      [scanRef],
    );
    return rows[0]!.n;
  };

  it('replay the first answer, to the letter while the code lives', async () => {
    const first = await create('key-1', 'idem-1').expect(201);
    const second = await create('key-1', 'idem-1').expect(201);
    expect(second.body).toEqual(first.body);
    expect(await countOf('idem-1')).toBe(1);
  });

  it('replay without the code once that is dead', async () => {
    const { client, simulator } = world();
    const first = (await create('key-2', 'idem-2').expect(201)).body as SessionBody;
    await simulator.selfie({ digitString: first.attempt!.code!, outcome: 'SUCCESS' });
    await client.until(first.id, 'the pass', ({ status }) => status === 'passed');
    const again = (await create('key-2', 'idem-2').expect(201)).body as SessionBody;
    expect(again.id).toBe(first.id);
    expect(again.attempt).not.toHaveProperty('code');
  });

  it('replay an error that came after validation', async () => {
    const first = await create('key-3', 'sim-not-found-idem').expect(422);
    const second = await create('key-3', 'sim-not-found-idem').expect(422);
    const { requestId: _1, ...one } = first.body as Record<string, unknown>;
    const { requestId: _2, ...two } = second.body as Record<string, unknown>;
    expect(two).toEqual(one);
    expect(await countOf('sim-not-found-idem')).toBe(1);
  });

  it('are not spent on a request that does not validate', async () => {
    await create('key-4', '').expect(400);
    await create('key-4', 'idem-4').expect(201);
  });

  it('refuse other parameters', async () => {
    await create('key-5', 'idem-5').expect(201);
    const answer = await create('key-5', 'idem-5', { maxAttempts: 2 }).expect(409);
    expect(answer.body).toMatchObject({ code: 'idempotency-mismatch' });
  });

  it('take the same parameters in another order, or with defaults spelled out, for the same', async () => {
    const first = await create('key-6', 'idem-6', { maxAttempts: 3, channels: ['code'] }).expect(201);
    const second = await create('key-6', 'idem-6', { channels: ['code'] }).expect(201);
    expect((second.body as SessionBody).id).toBe((first.body as SessionBody).id);
  });

  it('treat two spellings of a locale as the same', async () => {
    const first = await create('key-locale', 'idem-locale', { locale: 'ZH-TW' }).expect(201);
    const second = await create('key-locale', 'idem-locale', { locale: 'zh_tw' }).expect(201);
    expect((second.body as SessionBody).id).toBe((first.body as SessionBody).id);
  });

  it('let one of many parallel requests through, and tell the others', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => create('key-7', 'sim-slow-1-idem')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(7);
    for (const { status, body } of answers)
      if (status === 409) expect(body).toMatchObject({ code: 'idempotency-in-flight' });
    expect(await countOf('sim-slow-1-idem')).toBe(1);
  });

  it('belong to the platform they came with', async () => {
    const { client } = world();
    const made = await client
      .post('/v1/api-keys', { name: 'other', scopes: ['sessions'], platform: 'other' })
      .expect(201);
    const first = await create('key-8', 'idem-8').expect(201);
    const other = await client
      .as((made.body as { key: string }).key)
      .post('/v1/sessions', { scanRef: 'idem-8' })
      .set('idempotency-key', 'key-8')
      .expect(201);
    expect((other.body as SessionBody).id).not.toBe((first.body as SessionBody).id);
  });

  it('are forgotten after 24 hours', async () => {
    const first = await create('key-9', 'idem-9').expect(201);
    await world().database.query(
      `update idempotency_keys set created_at = created_at - interval '25 hours' where key = 'key-9'`,
    );
    const second = await create('key-9', 'idem-9').expect(201);
    expect((second.body as SessionBody).id).not.toBe((first.body as SessionBody).id);
  });

  it('have at most 255 characters', async () => {
    await create('k'.repeat(255), 'idem-10').expect(201);
    const answer = await create('k'.repeat(256), 'idem-10').expect(400);
    expect(answer.body).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] });
  });
});
