import { expect, it } from '@jest/globals';
import request from 'supertest';
import type { EventBody } from '../support/client.js';
import { countingKeyLookUps } from '../support/counting.js';
import { onEveryStore } from '../support/world.js';

interface KeyBody {
  id: string;
  key: string;
  name: string;
  scopes: string[];
}

onEveryStore('access', (world) => {
  const newKey = async (scopes: string[], rest: object = {}) => {
    const answer = await world()
      .client.post('/v1/api-keys', { name: scopes.join(' and '), scopes, ...rest })
      .expect(201);
    return answer.body as KeyBody;
  };

  it.each([
    ['no header', undefined, /^No API key was sent/],
    ['another scheme', 'Basic Zm86YmFy', /^No API key was sent/],
    ['no key', 'Bearer ', /^No API key was sent/],
    ['an unknown key', `Bearer fc_${'x'.repeat(43)}`, /^The API key is unknown or was revoked/],
    ['an unknown client token', `Bearer fct_${'x'.repeat(43)}`, /^The client token is unknown/],
    ['something else', 'Bearer hello', /^What was sent is neither an API key/],
  ])('answers 401 to %s, and says why', async (_, header, why) => {
    const asked = request(world().url).get('/v1/sessions');
    const answer = await (header === undefined ? asked : asked.set('authorization', header)).expect(401);
    expect(answer.type).toBe('application/problem+json');
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(answer.body).toMatchObject({ code: 'unauthenticated', type: '/problems/unauthenticated' });
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(why) });
    expect((answer.body as { detail: string }).detail).not.toMatch(/Idenfy-Signature/);
  });

  it('looks a wrong key up once, however often it is sent within a second', async () => {
    const lookUps = countingKeyLookUps(world().database);
    const started = Date.now();
    const wrong = world().client.as(`fc_${'w'.repeat(43)}`);
    for (let n = 0; n < 8; n += 1) await wrong.get('/v1/sessions').expect(401, /The API key is unknown or was revoked/);
    expect(lookUps()).toBeLessThanOrEqual(1 + Math.floor((Date.now() - started) / 1000));
  });

  it('explains every cause of a 401 on the page of the problem', async () => {
    const { text } = await request(world().url).get('/problems/unauthenticated').expect(200);
    for (const cause of [/no key/i, /unknown/, /revoked/, /expired/, /client token/, /Idenfy-Signature/]) {
      expect(text).toMatch(cause);
    }
  });

  it('refuses an API key in the address, and says that it belongs in the header', async () => {
    const { client, url } = world();
    const session = await client.create('access-key-in-address');
    await request(url)
      .get(`/v1/sessions/${session.id}/stream?token=${client.key}`)
      .expect(401, /Only a client token may be in the address/);
  });

  it('shows a new key once, and keeps only its digest', async () => {
    const { client, database } = world();
    const made = await newKey(['sessions']);
    expect(made).toMatchObject({ id: expect.stringMatching(/^key_/), key: expect.stringMatching(/^fc_.{32,}/) });
    const listed = await client.get('/v1/api-keys').expect(200);
    expect(JSON.stringify(listed.body)).not.toContain(made.key);
    const { data } = listed.body as { data: KeyBody[] };
    expect(data.find(({ id }) => id === made.id)).toMatchObject({ name: 'sessions', scopes: ['sessions'] });
    const { rows } = await database.query('select * from api_keys where id = $1', [made.id]);
    expect(JSON.stringify(rows)).not.toContain(made.key);
  });

  it('refuses a revoked key at once, and an expired one', async () => {
    const { client, database } = world();
    const made = await newKey(['sessions'], { expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    await client.as(made.key).get('/v1/sessions').expect(200);
    await database.query(`update api_keys set expires_at = now() - interval '1 second' where id = $1`, [made.id]);
    await client
      .as(made.key)
      .get('/v1/sessions')
      .expect(401, /The API key has expired/);
    const other = await newKey(['sessions']);
    await request(world().url)
      .delete(`/v1/api-keys/${other.id}`)
      .set('authorization', `Bearer ${client.key}`)
      .expect(204);
    await client
      .as(other.key)
      .get('/v1/sessions')
      .expect(401, /The API key is unknown or was revoked/);
    await request(world().url)
      .delete(`/v1/api-keys/${other.id}`)
      .set('authorization', `Bearer ${client.key}`)
      .expect(404);
  });

  it('records who made and who revoked a key, and nothing of the key itself', async () => {
    const { client } = world();
    const office = await newKey(['admin'], { name: 'office', owner: 'Ann Smith', platform: '*' });
    const ofKey = (id: string) => (event: EventBody) => event.data.keyId === id;
    const [first] = await client.untilRecorded('api-key.created', 'the first key', ofKey(office.id));
    const { data: listed } = (await client.get('/v1/api-keys').expect(200)).body as { data: KeyBody[] };
    const bootstrap = listed.find(({ name }) => name === 'bootstrap admin')!;
    expect(first?.actor).toEqual({ kind: 'api-key', id: bootstrap.id, name: 'bootstrap admin', owner: null });
    const made = await client
      .as(office.key)
      .post('/v1/api-keys', { name: 'desk', scopes: ['review'], owner: 'Ben Jones', platform: 'shop' })
      .expect(201);
    const { id, key } = made.body as KeyBody;
    await client.as(office.key).delete(`/v1/api-keys/${id}`).expect(204);
    await client.as(office.key).delete(`/v1/api-keys/${id}`).expect(404);
    const revoked = await client.untilRecorded('api-key.revoked', 'the revocation', ofKey(id));
    const [created] = await client.untilRecorded('api-key.created', 'the new key', ofKey(id));
    const actor = { kind: 'api-key', id: office.id, name: 'office', owner: 'Ann Smith' };
    const about = { keyId: id, name: 'desk', owner: 'Ben Jones', scopes: ['review'], platform: 'shop' };
    const act = { platform: null, sessionId: null, actor };
    expect(created).toMatchObject({ ...act, data: { ...about, createdBy: office.id, expiresAt: null } });
    expect(revoked).toMatchObject([{ ...act, data: about }]);
    const [atStart] = await client.untilRecorded('api-key.created', 'the bootstrap key', ofKey(bootstrap.id));
    expect(atStart).toMatchObject({
      actor: { kind: 'system', id: 'bootstrap' },
      data: { scopes: ['admin'], platform: '*', createdBy: null },
    });
    const { text } = await client.get('/v1/events?type=api-key.created,api-key.revoked&limit=1000').expect(200);
    expect(text).toContain(id);
    for (const secret of [key, office.key, client.key, '"hint"']) expect(text).not.toContain(secret);
  });

  it('shows the platform, the owner and the maker of a key', async () => {
    const { client } = world();
    const made = await newKey(['audit'], { owner: 'Ann Smith', platform: 'shop' });
    const plain = await newKey(['audit']);
    const { data } = (await client.get('/v1/api-keys').expect(200)).body as {
      data: (KeyBody & { createdBy: string })[];
    };
    const maker = data.find(({ name }) => name === 'bootstrap admin')!.id;
    const found = (id: string) => data.find((one) => one.id === id);
    expect(found(made.id)).toMatchObject({ owner: 'Ann Smith', platform: 'shop', createdBy: maker });
    expect(found(plain.id)).toMatchObject({ owner: null, platform: 'main', createdBy: maker });
    expect(found(maker)).toMatchObject({ owner: null, platform: '*', createdBy: null });
  });

  it.each([
    ['all platforms and a scope that uses one', { name: 'x', scopes: ['sessions'], platform: '*' }, 'platform'],
    ['a platform that is no name', { name: 'x', scopes: ['audit'], platform: 'My Shop' }, 'platform'],
    ['an empty owner', { name: 'x', scopes: ['audit'], owner: '' }, 'owner'],
    ['a long owner', { name: 'x', scopes: ['audit'], owner: 'x'.repeat(101) }, 'owner'],
    ['no name', { scopes: ['audit'] }, 'name'],
    ['no scope', { name: 'x', scopes: [] }, 'scopes'],
    ['an unknown scope', { name: 'x', scopes: ['root'] }, 'scopes'],
    ['an expiry in the past', { name: 'x', scopes: ['audit'], expiresAt: '2020-01-01T00:00:00.000Z' }, 'expiresAt'],
    ['an expiry that is no time', { name: 'x', scopes: ['audit'], expiresAt: 'tomorrow' }, 'expiresAt'],
    ['an expiry that is a week', { name: 'x', scopes: ['audit'], expiresAt: '2099-W01' }, 'expiresAt'],
    ['an unknown field', { name: 'x', scopes: ['audit'], admin: true }, 'admin'],
  ])('makes no key with %s', async (_, body, field) => {
    const answer = await world().client.post('/v1/api-keys', body).expect(400);
    const { errors } = answer.body as { errors: { field: string }[] };
    expect(errors.map((error) => error.field)).toEqual([field]);
  });

  /** Which status each scope gets at each door; 404 means: let in, and there is no such session. */
  const nobody = `ses_${'0'.repeat(32)}`;
  const doors = [
    ['GET', '/v1/sessions', { sessions: 200, audit: 200, review: 403, endpoints: 403, admin: 200 }],
    ['GET', `/v1/sessions/${nobody}`, { sessions: 404, audit: 404, review: 403, endpoints: 403, admin: 404 }],
    ['POST', '/v1/sessions', { sessions: 400, audit: 403, review: 403, endpoints: 403, admin: 400 }],
    ['POST', `/v1/sessions/${nobody}/code`, { sessions: 404, audit: 403, review: 403, endpoints: 403, admin: 404 }],
    ['POST', `/v1/sessions/${nobody}/attempts`, { sessions: 404, audit: 403, review: 403, endpoints: 403, admin: 404 }],
    ['POST', `/v1/sessions/${nobody}/cancel`, { sessions: 404, audit: 403, review: 403, endpoints: 403, admin: 404 }],
    ['GET', '/v1/reviews', { sessions: 403, audit: 200, review: 200, endpoints: 403, admin: 200 }],
    [
      'POST',
      `/v1/sessions/${nobody}/review/claim`,
      { sessions: 403, audit: 403, review: 404, endpoints: 403, admin: 404 },
    ],
    ['GET', `/v1/sessions/${nobody}/stream`, { sessions: 404, audit: 404, review: 403, endpoints: 403, admin: 404 }],
    ['GET', '/v1/events/stream?after=x', { sessions: 403, audit: 400, review: 403, endpoints: 400, admin: 400 }],
    ['GET', '/v1/events', { sessions: 403, audit: 200, review: 403, endpoints: 200, admin: 200 }],
    ['GET', '/v1/api-keys', { sessions: 403, audit: 403, review: 403, endpoints: 403, admin: 200 }],
    ['POST', '/v1/api-keys', { sessions: 403, audit: 403, review: 403, endpoints: 403, admin: 400 }],
    ['GET', '/metrics', { sessions: 403, audit: 403, review: 403, endpoints: 403, admin: 200 }],
  ] as const;

  it.each(['sessions', 'audit', 'review', 'endpoints', 'admin'] as const)(
    'lets the scope %s through its doors only',
    async (scope) => {
      // An administrator of one platform may not manage keys.
      const { key } = await newKey([scope], scope === 'admin' ? { platform: '*' } : {});
      const client = world().client.as(key);
      const got: Record<string, number> = {};
      for (const [method, path] of doors) {
        const answer = method === 'GET' ? await client.get(path) : await client.post(path, {});
        got[`${method} ${path}`] = answer.status;
      }
      expect(got).toEqual(
        Object.fromEntries(doors.map(([method, path, statuses]) => [`${method} ${path}`, statuses[scope]])),
      );
    },
  );

  it('lets a client token read and reveal its own session and nothing else', async () => {
    const { client } = world();
    const session = await client.create('access-client-token', { reveal: false });
    const other = await client.create('access-other');
    const user = client.as(session.clientToken!);
    await user.get(`/v1/sessions/${session.id}`).expect(200);
    const code = await user.post(`/v1/sessions/${session.id}/code`).expect(200);
    expect(code.body).toMatchObject({ code: expect.stringMatching(/^\d{8}$/) });
    const foreign = await user.get(`/v1/sessions/${other.id}`).expect(404);
    const unknown = await user.get(`/v1/sessions/${nobody}`).expect(404);
    const { requestId: _1, ...foreignBody } = foreign.body as Record<string, unknown>;
    const { requestId: _2, ...unknownBody } = unknown.body as Record<string, unknown>;
    expect(foreignBody).toEqual(unknownBody);
    await user.post(`/v1/sessions/${other.id}/code`).expect(404);
    await user.post(`/v1/sessions/${session.id}/cancel`).expect(403);
    await user.post(`/v1/sessions/${session.id}/attempts`).expect(403);
    await user.get('/v1/sessions').expect(403);
    await user.get('/v1/events').expect(403);
    await client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
    await user.get(`/v1/sessions/${session.id}`).expect(200);
    await user.post(`/v1/sessions/${session.id}/code`).expect(409, /session-closed/);
  });
});
