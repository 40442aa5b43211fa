/** One administrator could grant a held pass alone under REVIEW_FOUR_EYES: approve, make a second key, approve again. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client, EventBody } from '../support/client.js';
import { openWorld, type World } from '../support/world.js';

interface Key {
  id: string;
  owner: string;
  client: Client;
}

describe('two keys under REVIEW_FOUR_EYES', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld('embedded', {
      SIGNALS_HOLD: 'different-network',
      REVIEW_FOUR_EYES: 'on',
      CONFIRM_PASS: 'off',
    });
  });
  afterAll(() => world.close());

  const pass = { decision: 'pass', note: 'seen' };
  const path = (id: string, rest = '') => `/v1/sessions/${id}/review${rest}`;
  const makeKey = async (owner: string | undefined, scopes = ['review'], by = world.client): Promise<Key> => {
    const asked = { name: `key of ${owner}`, scopes, owner, ...(scopes.includes('admin') ? { platform: '*' } : {}) };
    const { body } = await by.post('/v1/api-keys', asked).expect(201);
    const { id, key } = body as { id: string; key: string };
    return { id, owner: owner ?? '', client: world.client.as(key) };
  };
  const held = async (): Promise<string> => {
    const { client, simulator } = world;
    const { id, attempt } = await client.create(randomUUID(), { initiator: { ip: '198.51.100.7' } });
    await simulator.selfie({ digitString: attempt!.code!, outcome: 'SUCCESS', ipAddress: '203.0.113.7' });
    await client.until(id, 'the hold', ({ status }) => status === 'in-review');
    return id;
  };
  const refused = async (by: Client, id: string, status: number, why: RegExp, body: object = pass) => {
    const answer = await by.post(path(id), body).expect(status);
    expect(answer.body).toMatchObject({
      code: status === 403 ? 'forbidden' : 'second-reviewer-needed',
      detail: expect.stringMatching(why),
    });
    expect((await world.client.session(id)).status).toBe('in-review');
  };
  const approve = (by: Client, id: string) => by.post(path(id), pass).expect(200);
  const grant = async (by: Client, id: string) =>
    expect((await approve(by, id)).body).toMatchObject({ status: 'passed' });

  it('are not an admin key and a review key that it makes afterwards', async () => {
    const session = await held();
    await refused(world.client, session, 403, /scope review by name/);
    const minted = await makeKey('mallory');
    await refused(minted.client, session, 403, /made after the pass was held/);
    const old = await makeKey('alice');
    const next = await held();
    await approve(old.client, next);
    const late = await makeKey('mallory');
    await refused(late.client, next, 403, /made after the pass was held/);
  });

  it('do not begin with a key that was made after the pass was held', async () => {
    const prepared = await makeKey('alice');
    const session = await held();
    const late = await makeKey('bob');
    await refused(late.client, session, 403, /made after the pass was held/);
    await approve(prepared.client, session);
  });

  it('never include a key that has only the scope admin, which can neither claim nor decide', async () => {
    const admin = await makeKey('alice', ['admin']);
    const session = await held();
    await refused(admin.client, session, 403, /scope review by name/);
    await refused(admin.client, session, 403, /scope review by name/, { decision: 'fail', note: 'no' });
    await admin.client.post(path(session, '/claim')).expect(403, /scope review by name/);
    await admin.client.post(path(session, '/notes'), { note: 'look at the address' }).expect(201);
  });

  it('name their owners; a key without an owner can only refuse the pass', async () => {
    const [nobody, alice] = [await makeKey(undefined), await makeKey('alice')];
    const session = await held();
    await refused(nobody.client, session, 403, /names no owner/);
    await approve(alice.client, session);
    await refused(nobody.client, session, 403, /names no owner/);
    const failed = await nobody.client.post(path(session), { decision: 'fail', note: 'not her' }).expect(200);
    expect(failed.body).toMatchObject({ status: 'failed' });
  });

  it('have two owners, however these are spelled', async () => {
    const keys = [await makeKey('Alice Smith'), await makeKey(' alice  SMITH'), await makeKey('ＡLICE Smith')];
    const session = await held();
    const [first, ...others] = keys;
    await approve(first!.client, session);
    await refused(first!.client, session, 409, /This key has already approved/);
    for (const { client } of others) await refused(client, session, 409, /same owner/);
  });

  it('were not made by one another, directly or through other keys, in either order', async () => {
    const alice = await makeKey('alice', ['admin', 'review']);
    const bob = await makeKey('bob', ['review'], alice.client);
    const between = await makeKey('ops', ['admin'], alice.client);
    const carol = await makeKey('carol', ['review'], between.client);
    const dave = await makeKey('dave');
    const [one, two] = [await held(), await held()];
    await approve(alice.client, one);
    await refused(bob.client, one, 409, /made by the other/);
    await refused(carol.client, one, 409, /made by the other/);
    await grant(dave.client, one);
    await approve(carol.client, two);
    await refused(alice.client, two, 409, /made by the other/);
    await grant(bob.client, two);
  });

  it('were not made by another key of the other one’s owner', async () => {
    const office = await makeKey('Alice', ['admin']);
    const alice = await makeKey('alice');
    const bob = await makeKey('bob', ['review'], office.client);
    const [one, two] = [await held(), await held()];
    await approve(alice.client, one);
    await refused(bob.client, one, 409, /made by the other/);
    await approve(bob.client, two);
    await refused(alice.client, two, 409, /made by the other/);
  });

  it('are both live: an approval ends with the revocation of its key', async () => {
    const [alice, bob, carol] = [await makeKey('alice'), await makeKey('bob'), await makeKey('carol')];
    const session = await held();
    await approve(alice.client, session);
    await world.client.delete(`/v1/api-keys/${alice.id}`).expect(204);
    expect((await bob.client.get(`/v1/reviews/${session}`).expect(200)).body).toMatchObject({ approvals: [] });
    expect((await approve(bob.client, session)).body).toMatchObject({
      status: 'in-review',
      review: { approvals: [{ by: bob.id }], reviewersNeeded: 1 },
    });
    await grant(carol.client, session);
  });

  it('are named with their owners in the journal', async () => {
    const [alice, bob] = [await makeKey('alice'), await makeKey('bob')];
    const session = await held();
    await approve(alice.client, session);
    await grant(bob.client, session);
    const events: EventBody[] = await world.client.untilEvent(session, 'session.passed');
    const actors = events.filter(({ type }) => /^review\.(approved|decided)$/.test(type)).map(({ actor }) => actor);
    expect(actors).toEqual(
      [alice, bob].map(({ id, owner }) => ({ kind: 'api-key', id, name: `key of ${owner}`, owner })),
    );
  });
});
