import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { type Client, type EventBody, type SessionBody } from '../support/client.js';
import { waitFor } from '../support/wait-for.js';
import { EventStream } from '../support/event-stream.js';
import { sendWebhook } from '../support/webhook.js';
import { onEveryStore } from '../support/world.js';

interface ReviewBody {
  sessionId: string;
  session: { id: string; status: string; scanRef: string; reference: string | null };
  reason: string | null;
  signals: string[];
  heldAt: string;
  claim: { by: string; at: string; until: string } | null;
  approvals: { by: string }[];
  notesCount: number;
  notes?: { by: string; at: string; note: string | null }[];
  flags?: object[];
}
interface Page {
  data: ReviewBody[];
  nextCursor: string | null;
}

const home = '198.51.100.7';
const initiator = { ip: home };
/** Never the same, so that nobody asks too often from one place. */
const somewhere = () => ({ ip: `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::1` });

/** What a client token may see, and words that it must never see. */
const userMembers = {
  session: [
    'attempt',
    'attempts',
    'attemptsLeft',
    'codeLifetimeSeconds',
    'createdAt',
    'endedAt',
    'expiresAt',
    'id',
    'maxAttempts',
    'reason',
    'retryOn',
    'seq',
    'status',
    'updatedAt',
  ],
  attempt: ['endedAt', 'expiresAt', 'id', 'issuedAt', 'number', 'outcome', 'reason', 'revealedAt', 'state'],
  event: ['at', 'attemptId', 'data', 'id', 'position', 'seq', 'sessionId', 'type'],
};
const forbidden = [
  'failReason',
  'signal',
  'reference',
  'metadata',
  'scanRef',
  'actor',
  'personal',
  'initiator',
  'source',
  'FAKE_FACE',
  'UNTRUSTED',
  'order-of-the-user',
  'desk-of-the-user',
  'note-about-the-user',
  '203.0.113.',
  'risk.',
  'review.',
  'failed-in-review',
  'conflict',
  'late-result',
  'disputed',
  'key_',
  'whk_',
  'platform',
];

onEveryStore(
  'signals and reviews',
  (world) => {
    const selfie = (digitString: string, outcome: 'SUCCESS' | 'FAILED', rest: object = {}) =>
      world().simulator.selfie({ digitString, outcome, ipAddress: '198.51.100.99', ...rest });
    const flags = (events: EventBody[]) => events.filter(({ type }) => type === 'risk.flagged');
    const reviewer = async (scopes = ['review']): Promise<{ id: string; client: Client }> => {
      const made = await world().client.post('/v1/api-keys', { name: 'reviewer', scopes }).expect(201);
      const { id, key } = made.body as { id: string; key: string };
      return { id, client: world().client.as(key) };
    };
    const held = async (): Promise<SessionBody> => {
      const session = await world().client.create(randomUUID(), { initiator: somewhere(), reference: 'order-9' });
      await selfie(session.attempt!.code!, 'SUCCESS', { ipAddress: '2001:db9::7' });
      return world().client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
    };
    const path = (id: string, rest = '') => `/v1/sessions/${id}/review${rest}`;
    const pass = { decision: 'pass', note: 'called her' };
    const review = async (id: string) => (await world().client.get(`/v1/reviews/${id}`).expect(200)).body as ReviewBody;
    const queue = async (query = '') => (await world().client.get(`/v1/reviews?${query}`).expect(200)).body as Page;
    /** Every page of the queue, one by one. */
    const wholeQueue = async (query = '') => {
      const all: ReviewBody[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: Page = await queue(`limit=1&${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
        all.push(...page.data);
        cursor = page.nextCursor;
      }
      return all;
    };

    it('flag a selfie from an untrusted device that came too fast, and let it pass where policy only flags', async () => {
      const { client } = world();
      const session = await client.create(randomUUID(), { initiator });
      await selfie(session.attempt!.code!, 'SUCCESS', { riskTags: ['UNTRUSTED_ENVIRONMENT'] });
      const last = await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
      expect(last.attempt?.signals).toEqual(['too-fast', 'untrusted-environment']);
      const [fast, untrusted] = flags(await client.untilEvent(session.id, 'session.passed'));
      expect(fast?.data).toMatchObject({ signal: 'too-fast', number: 1, tooFastSeconds: 300 });
      expect(untrusted?.data).toEqual({
        signal: 'untrusted-environment',
        number: 1,
        riskTag: 'UNTRUSTED_ENVIRONMENT',
      });
    });

    it('flag a code that was never handed out, and nothing where a browser needs no typing', async () => {
      const { client, simulator } = world();
      const scanRef = randomUUID();
      const hidden = await client.create(scanRef, { reveal: false });
      await selfie(simulator.ledger.sessions.find((one) => one.scanRef === scanRef)!.digitString!, 'SUCCESS');
      const last = await client.until(hidden.id, 'the pass', ({ status }) => status === 'passed');
      expect(last.attempt?.signals).toEqual(['never-revealed']);
      const web = await client.create(randomUUID(), { channels: ['code', 'web'] });
      await selfie(web.attempt!.code!, 'SUCCESS');
      const passed = await client.until(web.id, 'the pass', ({ status }) => status === 'passed');
      expect(passed.attempt?.signals).toEqual([]);
    });

    it('hold the pass after a face that was none, although the second selfie was good', async () => {
      const { client, simulator } = world();
      const session = await client.create(randomUUID(), { channels: ['code', 'web'] });
      await selfie(session.attempt!.code!, 'FAILED', { failReason: 'FAKE_FACE' });
      const again = await client.until(session.id, 'code 2', ({ attempt }) => attempt?.state === 'issued');
      expect(again.attempts[0]?.signals).toEqual(['presentation-attack']);
      await client.post(`/v1/sessions/${session.id}/code`).expect(200);
      const open = simulator.ledger.sessions.findLast(({ scanRef }) => scanRef === session.scanRef)!;
      await selfie(open.digitString!, 'SUCCESS');
      const last = await client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
      expect(last).toMatchObject({ reason: 'presentation-attack', attempt: { number: 2, state: 'passed' } });
    });

    it('flag a picture that was seen before', async () => {
      const { client } = world();
      const session = await client.create(randomUUID(), { channels: ['code', 'web'], maxAttempts: 1 });
      await selfie(session.attempt!.code!, 'FAILED', { failReason: 'DUPLICATE_IMAGE' });
      const last = await client.until(session.id, 'the end', ({ status }) => status === 'failed');
      expect(last.attempt?.signals).toEqual(['duplicate-image']);
    });

    it('flag too many sessions of one scanRef and from one address, when they are created', async () => {
      const { client } = world();
      const scanRef = randomUUID();
      for (let n = 0; n < 4; n += 1) {
        expect((await client.create(scanRef)).attempt?.signals).toEqual([]);
      }
      const fifth = await client.create(scanRef);
      expect(fifth.attempt?.signals).toEqual(['velocity']);
      const [flag] = flags(await client.untilEvent(fifth.id, 'attempt.awaiting-selfie'));
      expect(flag?.data).toEqual({ signal: 'velocity', number: 1, by: ['scanRef'], moreThan: 4, windowSeconds: 3600 });
      const from = (ip: string) => client.create(randomUUID(), { initiator: { ip } });
      // Of IPv6 a subscriber has a whole /64; IPv4 is the same in every spelling.
      for (const ip of ['2001:db8:9::1', '2001:db8:9::2', '2001:db8:9::3', '2001:DB8:9:0::4']) {
        expect((await from(ip)).attempt?.signals).toEqual([]);
      }
      expect((await from('2001:db8:9:0:1::5')).attempt?.signals).toEqual(['velocity']);
      expect((await from('2001:db8:9:1::5')).attempt?.signals).toEqual([]);
    });

    it('hold a pass from another network, and keep the addresses where they can be erased', async () => {
      const { client } = world();
      const session = await client.create(randomUUID(), { initiator });
      await selfie(session.attempt!.code!, 'SUCCESS', { ipAddress: '203.0.113.7' });
      const last = await client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
      expect(last).toMatchObject({ reason: 'different-network', endedAt: null });
      const events = await client.untilEvent(session.id, 'session.in-review');
      const flag = flags(events).find(({ data }) => data.signal === 'different-network');
      expect(flag?.data).toEqual({ signal: 'different-network', number: 1, comparedBits: 24 });
      expect(flag?.personal).toMatchObject({ initiatorIp: home, selfieIp: '203.0.113.7' });
      expect(JSON.stringify(events.map(({ data }) => data))).not.toMatch(/203\.0\.113|198\.51\.100/);
      const { rows } = await world().database.query<{ digest: Buffer }>(
        'select initiator_block_digest as digest from sessions where id = $1',
        [session.id],
      );
      expect(Buffer.from(rows[0]!.digest)).toHaveLength(32);
    });

    it('are listed for reviewers, those held longest first, page by page, claimed or not', async () => {
      const first = await held();
      const second = await held();
      const mine = await reviewer();
      await mine.client.post(path(second.id, '/claim')).expect(200);
      const all = await wholeQueue();
      expect(all.map(({ heldAt }) => heldAt)).toEqual(all.map(({ heldAt }) => heldAt).sort());
      const ids = all.map(({ sessionId }) => sessionId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.indexOf(first.id)).toBeLessThan(ids.indexOf(second.id));
      expect(all.find(({ sessionId }) => sessionId === first.id)).toMatchObject({
        session: { id: first.id, status: 'in-review', scanRef: first.scanRef, reference: 'order-9' },
        reason: 'different-network',
        signals: ['too-fast', 'different-network'],
        claim: null,
        approvals: [],
        notesCount: 0,
      });
      const claimed = (await wholeQueue('claimed=true')).map(({ sessionId }) => sessionId);
      const unclaimed = (await wholeQueue('claimed=false')).map(({ sessionId }) => sessionId);
      expect([claimed.includes(second.id), unclaimed.includes(second.id)]).toEqual([true, false]);
      expect([claimed.includes(first.id), unclaimed.includes(first.id)]).toEqual([false, true]);
      await world()
        .client.get('/v1/reviews?claimed=maybe')
        .expect(400, /must be true or false/);
      await world().client.get('/v1/reviews?cursor=nonsense').expect(400);
      // The metrics show that they wait, and how long.
      const counted = async () => {
        const { text } = await world().client.get('/metrics').expect(200);
        return (
          /^facecode_reviews_waiting [1-9]/m.test(text) &&
          /^facecode_reviews_oldest_seconds 0\.0*[1-9]|^facecode_reviews_oldest_seconds [1-9]/m.test(text)
        );
      };
      await waitFor(counted, { what: 'the held passes to be counted' });
    });

    it('are claimed by one reviewer at a time, until that is released or runs out', async () => {
      const session = await held();
      const [one, two] = [await reviewer(), await reviewer()];
      const claimed = await one.client.post(path(session.id, '/claim')).expect(200);
      const { claim } = claimed.body as ReviewBody;
      expect(claim?.by).toBe(one.id);
      expect(Date.parse(claim!.until) - Date.parse(claim!.at)).toBe(1_800_000);
      await one.client.post(path(session.id, '/claim')).expect(200);
      for (const [rest, body] of [['/claim'], ['/release'], ['', pass]] as const) {
        await two.client.post(path(session.id, rest), body).expect(409, /review-claimed/);
      }
      await two.client.post(path(session.id, '/notes'), { note: 'I know him' }).expect(201);
      await one.client.post(path(session.id, '/release')).expect(200);
      await one.client.post(path(session.id, '/release')).expect(200);
      await two.client.post(path(session.id, '/claim')).expect(200);
      await world().database.query('update review_claims set claimed_until = now() where session_id = $1', [
        session.id,
      ]);
      expect((await review(session.id)).claim).toBeNull();
      await one.client.post(path(session.id), pass).expect(200);
      const told = (await world().client.untilEvent(session.id, 'session.passed')).filter(({ type }) =>
        type.startsWith('review.'),
      );
      expect(told.map(({ type, actor }) => [type, actor.id])).toEqual([
        ['review.claimed', one.id],
        ['review.claimed', one.id],
        ['review.noted', two.id],
        ['review.released', one.id],
        ['review.claimed', two.id],
        ['review.decided', one.id],
      ]);
    });

    it('are claimed by exactly one of many who try at once', async () => {
      const session = await held();
      const reviewers = await Promise.all([1, 2, 3, 4].map(() => reviewer()));
      const answers = await Promise.all(reviewers.map(({ client }) => client.post(path(session.id, '/claim'))));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    });

    it('keep their notes as personal data, also once they are decided', async () => {
      const session = await held();
      const mine = await reviewer();
      const note = 'looks like her brother';
      const noted = await mine.client.post(path(session.id, '/notes'), { note }).expect(201);
      expect(noted.body).toMatchObject({ by: mine.id, note });
      expect(await review(session.id)).toMatchObject({ notesCount: 1, notes: [{ by: mine.id, note }] });
      await mine.client.post(path(session.id), { decision: 'fail', note: 'not her' }).expect(200);
      expect(await review(session.id)).toMatchObject({
        session: { status: 'failed' },
        reason: 'different-network',
        claim: null,
        notes: [{ note }],
      });
      const events = await world().client.untilEvent(session.id, 'session.failed');
      const told = events.find(({ type }) => type === 'review.noted');
      expect([told?.data, told?.personal]).toEqual([{ number: 1 }, { salt: expect.any(String), note }]);
      for (const [rest, body] of [['/claim'], ['/release'], ['/notes', { note }], ['', pass]] as const) {
        await mine.client.post(path(session.id, rest), body).expect(409, /not-in-review/);
      }
      expect((await wholeQueue()).map(({ sessionId }) => sessionId)).not.toContain(session.id);
    });

    it('are shown with a failed session, in the search and in the summary, if a reviewer refused them', async () => {
      const { client } = world();
      const counted = async () => {
        const { body } = await client.get('/v1/attempts/summary?bucket=hour').expect(200);
        return (body as { totals: { byState: Record<string, number>; bySessionStatus: Record<string, number> } })
          .totals;
      };
      const found = async (scanRef: string) => {
        const { body } = await client.get(`/v1/attempts?scanRef=${scanRef}&state=passed`).expect(200);
        return (body as { data: object[] }).data;
      };
      const session = await held();
      expect(await found(session.scanRef)).toMatchObject([{ sessionStatus: 'in-review', review: null }]);
      const before = await counted();
      const mine = await reviewer();
      await mine.client.post(path(session.id), { decision: 'fail', note: 'not her' }).expect(200);
      const { endedAt } = await client.session(session.id);
      expect(await found(session.scanRef)).toMatchObject([
        {
          state: 'passed',
          sessionStatus: 'failed',
          review: { decision: 'fail', decidedAt: endedAt, decidedBy: mine.id, approvedBy: [] },
        },
      ]);
      const after = await counted();
      expect(after.byState).toEqual(before.byState);
      expect(after.bySessionStatus.failed).toBe(before.bySessionStatus.failed! + 1);
      expect(after.bySessionStatus['in-review']).toBe(before.bySessionStatus['in-review']! - 1);
    });

    it('show a reviewer the facts behind each signal, and no other personal data', async () => {
      const { client } = world();
      const mine = await reviewer();
      const from = somewhere();
      const session = await client.create(randomUUID(), { initiator: { ...from, userAgent: 'Shop/7 (browser)' } });
      await selfie(session.attempt!.code!, 'SUCCESS', { ipAddress: '2001:db9::7' });
      await client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
      const seen = async () => (await mine.client.get(`/v1/reviews/${session.id}`).expect(200)).body as ReviewBody;
      const about = { attemptId: session.attempt!.id, number: 1, at: expect.any(String) };
      expect((await seen()).flags).toEqual([
        { ...about, signal: 'too-fast', facts: { seconds: expect.any(Number), tooFastSeconds: 300 }, addresses: null },
        {
          ...about,
          signal: 'different-network',
          facts: { comparedBits: 48 },
          addresses: { initiatorIp: from.ip, selfieIp: '2001:db9::7' },
        },
      ]);
      expect(JSON.stringify(await seen())).not.toMatch(/Shop\/7|salt/);
      await mine.client.post(path(session.id), pass).expect(200);
      await client.post(`/v1/subjects/${session.scanRef}/erase`).expect(200);
      expect((await seen()).flags).toMatchObject([
        { signal: 'too-fast' },
        { facts: { comparedBits: 48 }, addresses: null },
      ]);
    });

    it('end once when two decide at once', async () => {
      const session = await held();
      const [one, two] = [await reviewer(), await reviewer()];
      const answers = await Promise.all([
        one.client.post(path(session.id), pass),
        two.client.post(path(session.id), { decision: 'fail', note: 'no' }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      const { status } = await world().client.session(session.id);
      const events = await world().client.untilEvent(session.id, `session.${status}`);
      expect(events.filter(({ type }) => type === 'review.decided')).toHaveLength(1);
    });

    it('go with a session that the platform cancels, and stand against a result that comes late', async () => {
      const { client, simulator } = world();
      const session = await held();
      const mine = await reviewer();
      await mine.client.post(path(session.id, '/claim')).expect(200);
      const { token } = simulator.ledger.sessions.find(({ scanRef }) => scanRef === session.scanRef)!;
      await sendWebhook(world().url, { token, status: 'FAILED', failReason: 'FAKE_FACE' }).expect(200);
      const after = await client.until(session.id, 'the conflict', ({ attempt }) =>
        Boolean(attempt?.signals.includes('conflict')),
      );
      expect(after).toMatchObject({ status: 'in-review', reason: 'different-network' });
      expect((await review(session.id)).signals).toContain('presentation-attack');
      await client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
      expect(await review(session.id)).toMatchObject({ session: { status: 'canceled' }, claim: null });
      await mine.client.post(path(session.id), pass).expect(409, /not-in-review/);
    });

    it('are for reviewers to decide, for auditors to read, and for nobody else', async () => {
      const { client } = world();
      const session = await client.create(randomUUID(), { initiator });
      await selfie(session.attempt!.code!, 'SUCCESS', { ipAddress: '203.0.113.7' });
      await client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
      const browser = client.as(session.clientToken!);
      const platform = (await reviewer(['sessions', 'endpoints'])).client;
      const auditor = (await reviewer(['audit'])).client;
      const posts = [['/claim'], ['/release'], ['/notes', { note: 'x' }], ['', pass]] as const;
      for (const who of [browser, platform, auditor]) {
        for (const [rest, body] of posts) await who.post(path(session.id, rest), body).expect(403);
      }
      for (const who of [browser, platform]) {
        await who.get('/v1/reviews').expect(403);
        await who.get(`/v1/reviews/${session.id}`).expect(403);
      }
      const seen = await auditor.get(`/v1/reviews/${session.id}`).expect(200);
      expect(JSON.stringify(seen.body)).not.toContain(session.attempt!.code!);
      const mine = (await reviewer()).client;
      await mine.get(`/v1/reviews/${session.id}`).expect(200);
      const nobody = `ses_${'0'.repeat(32)}`;
      for (const id of [nobody, 'nonsense']) {
        await mine.get(`/v1/reviews/${id}`).expect(404);
        for (const [rest, body] of posts) await mine.post(path(id, rest), body).expect(404);
      }
      const active = await client.create(randomUUID());
      await mine.get(`/v1/reviews/${active.id}`).expect(404);
      for (const [rest, body] of posts) await mine.post(path(active.id, rest), body).expect(409, /not-in-review/);
      await mine.post(path(session.id, '/notes'), { note: '' }).expect(400);
    });

    it('show the user nothing of what raised them, in no answer and not in the stream', async () => {
      const { client, simulator, url } = world();
      const scanRef = randomUUID();
      const session = await client.create(scanRef, {
        initiator: somewhere(),
        reference: 'order-of-the-user',
        metadata: { desk: 'desk-of-the-user' },
        channels: ['code', 'web'],
      });
      const user = client.as(session.clientToken!);
      const seen: object[] = [];
      const look = async () => {
        const { body } = await user.get(`/v1/sessions/${session.id}`).expect(200);
        seen.push(body as object);
        return body as SessionBody;
      };
      const stream = await EventStream.open(`${url}/v1/sessions/${session.id}/stream?token=${user.key}`);
      await selfie(session.attempt!.code!, 'FAILED', { failReason: 'FAKE_FACE', ipAddress: '203.0.113.40' });
      await client.until(session.id, 'code 2', ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued');
      await look();
      const { body: revealed } = await user.post(`/v1/sessions/${session.id}/code`).expect(200);
      const { code, url: address, ...rest } = revealed as Record<string, string>;
      seen.push(rest);
      expect([code, address]).toEqual([expect.stringMatching(/^\d{8}$/), expect.stringMatching(/^http/)]);
      await selfie(code!, 'SUCCESS', { ipAddress: '203.0.113.41', riskTags: ['UNTRUSTED_ENVIRONMENT'] });
      await client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
      expect(await look()).toMatchObject({ status: 'in-review', reason: null, attemptsLeft: 1 });

      const mine = await reviewer();
      await mine.client.post(path(session.id, '/claim')).expect(200);
      await mine.client.post(path(session.id, '/notes'), { note: 'note-about-the-user' }).expect(201);
      const { token } = simulator.ledger.sessions.findLast((one) => one.scanRef === scanRef)!;
      await sendWebhook(url, { token, status: 'FAILED', failReason: 'FAKE_FACE' }).expect(200);
      await client.until(session.id, 'the conflict', ({ attempt }) => attempt!.signals.includes('conflict'));
      await look();
      await mine.client.post(path(session.id), { decision: 'fail', note: 'note-about-the-user' }).expect(200);
      const final = await look();
      const messages = await stream.untilEnd();
      const first = simulator.ledger.sessions.find((one) => one.scanRef === scanRef)!;
      await sendWebhook(url, { token: first.token, status: 'SUCCESS', ipAddress: '203.0.113.42' }).expect(200);
      await client.until(session.id, 'the late result', ({ attempts }) => attempts[0]!.signals.includes('conflict'));
      await look();

      expect(Object.keys(final).toSorted()).toEqual(userMembers.session);
      expect(Object.keys(final.attempts[0]!).toSorted()).toEqual(userMembers.attempt);
      expect(final).toMatchObject({ id: session.id, status: 'failed', reason: null, maxAttempts: 3 });
      expect(final.attempts.map(({ state, outcome }) => [state, outcome])).toEqual([
        ['retry', { status: 'FAILED' }],
        ['passed', { status: 'SUCCESS' }],
      ]);
      expect(messages.map(({ event }) => event)).toEqual([
        'session.created',
        'attempt.requested',
        'attempt.issued',
        'attempt.awaiting-selfie',
        'attempt.retry',
        'attempt.requested',
        'attempt.issued',
        'attempt.awaiting-selfie',
        'attempt.passed',
        'session.in-review',
        'session.failed',
      ]);
      for (const { data } of messages) expect(Object.keys(data).toSorted()).toEqual(userMembers.event);
      const last = messages.at(-1)!.id;
      const all = await waitFor(
        async () => {
          const events = await client.events(session.id);
          return events.at(-1)!.position > Number(last) && events;
        },
        { what: 'what came after the end' },
      );
      const types = new Set(all.map(({ type }) => type));
      for (const type of ['risk.flagged', 'review.noted', 'review.decided', 'attempt.conflict']) {
        expect(types).toContain(type);
      }
      const told = JSON.stringify([seen, messages]);
      const raised = new Set((await client.session(session.id)).attempts.flatMap(({ signals }) => signals));
      expect(raised.size).toBeGreaterThanOrEqual(3);
      for (const word of [...raised, ...forbidden, scanRef, mine.id]) {
        expect({ word, found: told.includes(word) }).toEqual({ word, found: false });
      }

      // What came after the end is not for the user, so nothing is left for a page that reconnects.
      const again = await EventStream.open(`${url}/v1/sessions/${session.id}/stream?token=${user.key}`, {
        'last-event-id': last,
      });
      expect(again.status).toBe(204);
      again.close();
    });
  },
  {
    SIGNALS_HOLD: 'presentation-attack,different-network',
    // So long that no slow machine makes a selfie of the tests look typed.
    SIGNAL_TOO_FAST_SECONDS: '300',
    SIGNAL_VELOCITY_SESSIONS: '4',
  },
);

onEveryStore(
  'four eyes',
  (world) => {
    const path = (id: string) => `/v1/sessions/${id}/review`;
    const pass = { decision: 'pass', note: 'seen' };
    const reviewer = async (owner: string) => {
      const made = await world()
        .client.post('/v1/api-keys', { name: 'reviewer', scopes: ['review'], owner })
        .expect(201);
      const { id, key } = made.body as { id: string; key: string };
      return { id, client: world().client.as(key) };
    };
    const held = async () => {
      const { client, simulator } = world();
      const session = await client.create(randomUUID(), { initiator });
      await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS', ipAddress: '203.0.113.7' });
      return client.until(session.id, 'the hold', ({ status }) => status === 'in-review');
    };
    const decisions = async (id: string, end: string) =>
      (await world().client.untilEvent(id, end))
        .filter(({ type }) => type === 'review.approved' || type === 'review.decided')
        .map(({ type, actor }) => [type, actor.id]);

    it('grant a pass by two different reviewers, and end the claim of the first', async () => {
      const [one, two] = [await reviewer('Ann'), await reviewer('Ben')];
      const session = await held();
      await one.client.post(`${path(session.id)}/claim`).expect(200);
      const approved = await one.client.post(path(session.id), pass).expect(200);
      expect(approved.body).toMatchObject({
        status: 'in-review',
        reason: 'different-network',
        review: { approvals: [{ by: one.id }], reviewersNeeded: 1 },
      });
      await one.client.post(path(session.id), pass).expect(409, /second-reviewer-needed/);
      const { body } = await two.client.get(`/v1/reviews/${session.id}`).expect(200);
      expect(body).toMatchObject({ claim: null, approvals: [{ by: one.id }] });
      const granted = await two.client.post(path(session.id), pass).expect(200);
      expect(granted.body).toMatchObject({ status: 'passed' });
      expect((granted.body as { review?: object }).review).toBeUndefined();
      expect(await decisions(session.id, 'session.passed')).toEqual([
        ['review.approved', one.id],
        ['review.decided', two.id],
      ]);
    });

    it('refuse a pass by one reviewer', async () => {
      const one = await reviewer('Ann');
      const session = await held();
      const failed = await one.client.post(path(session.id), { decision: 'fail', note: 'no' }).expect(200);
      expect(failed.body).toMatchObject({ status: 'failed', reason: 'failed-in-review' });
    });

    it('are two of those who decide at once, and no more', async () => {
      const reviewers = await Promise.all(['Ann', 'Ben', 'Cas', 'Dee'].map(reviewer));
      const session = await held();
      const answers = await Promise.all(reviewers.map(({ client }) => client.post(path(session.id), pass)));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409, 409]);
      const told = await decisions(session.id, 'session.passed');
      expect(told.map(([type]) => type)).toEqual(['review.approved', 'review.decided']);
      expect(told[0]?.[1]).not.toBe(told[1]?.[1]);
    });

    it('see a hold that iDenfy confirms, and still have to decide; one it disputes stays as it is', async () => {
      const { client, database } = world();
      const confirmed = (id: string) =>
        waitFor(
          async () => {
            const { rows } = await database.query<{ count: number }>(
              'select count(*)::int as count from attempts where session_id = $1 and confirm_at is not null',
              [id],
            );
            return rows[0]?.count === 0;
          },
          { what: "iDenfy's word" },
        );
      const session = await held();
      await confirmed(session.id);
      expect(await client.session(session.id)).toMatchObject({ status: 'in-review', reason: 'different-network' });
      const disputed = await client.create(`sim-disagree-${randomUUID()}`, { initiator });
      await world().simulator.selfie({
        digitString: disputed.attempt!.code!,
        outcome: 'SUCCESS',
        ipAddress: '203.0.113.7',
      });
      await client.until(disputed.id, 'the dispute', ({ attempt }) => Boolean(attempt?.signals.includes('disputed')));
      expect(await client.session(disputed.id)).toMatchObject({ status: 'in-review', reason: 'different-network' });
    });
  },
  { SIGNALS_HOLD: 'different-network', REVIEW_FOUR_EYES: 'on', CONFIRM_PASS: 'enforce' },
);
