import { describe, expect, it } from '@jest/globals';
import { onEveryStore } from '../support/world.js';
import { type SessionBody } from '../support/client.js';

const minimal = (id: string) => ({ scanRef: `user-${id}` });

onEveryStore(
  'creating a session',
  (world) => {
    const post = (body: object) => world().client.post('/v1/sessions', body);
    const requestsFor = (scanRef: string) =>
      world().simulator.ledger.requests.filter((entry) => entry.scanRef === scanRef);

    it('answers 201 with the code, handed out', async () => {
      const before = Date.now();
      const answer = await post({
        scanRef: 'create-1',
        reference: 'order-4711',
        locale: 'en',
        metadata: { k: 'v' },
      }).expect(201);
      const session = answer.body as SessionBody;
      expect(session).toMatchObject({
        id: expect.stringMatching(/^ses_[0-9a-f]{32}$/),
        status: 'active',
        reason: null,
        scanRef: 'create-1',
        reference: 'order-4711',
        locale: 'en',
        metadata: { k: 'v' },
        maxAttempts: 3,
        attemptsLeft: 2,
        codeLifetimeSeconds: 1800,
        retryOn: ['failed'],
        attempt: {
          id: expect.stringMatching(/^att_[0-9a-f]{32}$/),
          number: 1,
          state: 'awaiting-selfie',
          code: expect.stringMatching(/^\d{8}$/),
          endedAt: null,
          outcome: null,
          signals: [],
        },
        clientToken: expect.stringMatching(/^fct_/),
        endedAt: null,
      });
      expect(session.attempt?.codeHint).toBe(`••••••${session.attempt?.code?.slice(-2)}`);
      expect(session.attempt).not.toHaveProperty('url');
      expect(session.attempt).not.toHaveProperty('token');
      expect(session.attempts).toHaveLength(1);
      expect(session.attempts[0]).not.toHaveProperty('code');
      const lifetime = Date.parse(session.attempt!.expiresAt!) - Date.parse(session.attempt!.issuedAt!);
      expect(lifetime).toBe(1_800_000);
      expect(Date.parse(session.attempt!.issuedAt!)).toBeGreaterThanOrEqual(before - 1000);
    });

    it.each([
      ['EN', 'en'],
      ['zh-TW', 'zh_tw'],
      ['ZH_TW', 'zh_tw'],
      ['zh', 'zh'],
      ['ko', 'ko'],
    ])('sends the locale %s to iDenfy as %s, and returns that spelling', async (asked, sent) => {
      // The simulator accepts no capital letters, as iDenfy does.
      const session = await world().client.create(`create-locale-${asked}`, { locale: asked });
      expect(session).toMatchObject({ status: 'active', locale: sent });
    });

    it('lists the locales when it refuses one', async () => {
      const answer = await post({ ...minimal('locale'), locale: 'pt-BR' }).expect(400);
      const { errors } = answer.body as { errors: { field: string; message: string }[] };
      expect(errors).toEqual([{ field: 'locale', message: expect.stringContaining('en, es, fr, ru') }]);
      expect(errors[0]!.message).toContain('zh_tw, ko');
      expect(requestsFor('user-locale')).toEqual([]);
    });

    it('asks iDenfy once whether the user may, and once for the session', async () => {
      await world().client.create('create-2');
      expect(requestsFor('create-2').map(({ method, path }) => `${method} ${path.split('?')[0]}`)).toEqual([
        'GET /identification/facial-auth/create-2/check-status/',
        'POST /partner/authentication-info',
      ]);
    });

    it('gives an address for the web channel and a token for the sdk channel, and no digits', async () => {
      const session = await world().client.create('create-3', { channels: ['web', 'sdk'] });
      expect(session.attempt).not.toHaveProperty('code');
      expect(session.attempt).toMatchObject({ codeHint: null, token: expect.stringMatching(/^\S{1,40}$/) });
      expect(session.attempt?.url).toBe(`${world().simulator.url}/face?token=${session.attempt?.token}`);
      const made = world().simulator.ledger.sessions.find(({ scanRef }) => scanRef === 'create-3');
      expect(made?.digitString).toBeNull();
    });

    it.each([
      [
        ['code', 'web'],
        ['code', 'url'],
      ],
      [
        ['code', 'sdk'],
        ['code', 'token'],
      ],
      [['web'], ['url']],
      [['sdk'], ['token']],
      [
        ['code', 'web', 'sdk'],
        ['code', 'token', 'url'],
      ],
    ])('gives for the channels %j exactly %j', async (channels, given) => {
      const session = await world().client.create(`create-${channels.join('-')}`, { channels });
      const secrets = ['code', 'token', 'url'].filter((name) => name in (session.attempt ?? {}));
      expect(secrets).toEqual([...given].sort());
    });

    it('keeps the code back when it is not to be revealed, until it is asked for', async () => {
      const { client } = world();
      const session = await client.create('create-hidden', { reveal: false });
      expect(session.attempt).toMatchObject({ state: 'issued', revealedAt: null });
      expect(session.attempt).not.toHaveProperty('code');
      const first = await client.post(`/v1/sessions/${session.id}/code`).expect(200);
      expect(first.body).toEqual({
        attemptId: session.attempt?.id,
        code: expect.stringMatching(/^\d{8}$/),
        expiresAt: session.attempt?.expiresAt,
      });
      const again = await client.post(`/v1/sessions/${session.id}/code`).expect(200);
      expect(again.body).toEqual(first.body);
      expect((await client.session(session.id)).attempt).toMatchObject({ state: 'awaiting-selfie' });
      const types = (await client.untilEvent(session.id, 'attempt.awaiting-selfie')).map(({ type }) => type);
      expect(types.filter((type) => type === 'attempt.awaiting-selfie')).toHaveLength(1);
    });

    it.each([
      ['seven-digits', /^\d{7}$/],
      ['leading-zero', /^0\d{7}$/],
      ['auth-token', /^\d{8}$/],
      ['token-string', /^\d{8}$/],
      ['number-code', /^\d{4,12}$/],
    ])('reads the variant %s', async (name, code) => {
      const session = await world().client.create(`sim-${name}-create`);
      expect(session.attempt?.code).toMatch(code);
    });

    it.each([
      ['check-500', 'sim-check-500-create'],
      ['error-500-twice', 'sim-error-500-twice-create'],
      ['html-error', 'sim-html-error-create'],
      ['rate-limit', 'sim-rate-limit-create'],
      ['too-many-400', 'sim-too-many-400-create'],
      ['cut', 'sim-cut-create'],
    ])('goes on by itself when iDenfy has a bad moment: %s', async (_, scanRef) => {
      const { client } = world();
      const answer = await post({ scanRef, reveal: false });
      expect([201, 202]).toContain(answer.status);
      const { id } = answer.body as SessionBody;
      const session = await client.until(id, 'a code', ({ attempt }) => attempt?.state === 'issued');
      expect(session).toMatchObject({ status: 'active', attemptsLeft: 2 });
    });

    it('answers 202 while iDenfy takes its time, and then goes on', async () => {
      const { client } = world();
      const answer = await post({ scanRef: 'sim-slow-3-create' }).expect(202);
      const session = answer.body as SessionBody;
      expect(session).toMatchObject({
        status: 'pending',
        attempt: { state: 'requested' },
        clientToken: expect.any(String),
      });
      expect(session.attempt).not.toHaveProperty('code');
      await client.post(`/v1/sessions/${session.id}/code`).expect(409);
      await client.until(session.id, 'the code', ({ attempt }) => attempt?.state === 'issued');
      await client.post(`/v1/sessions/${session.id}/code`).expect(200);
    });

    it('ends with identification-required when the user must identify anew', async () => {
      const session = await world().client.create('sim-must-identify-create');
      expect(session).toMatchObject({
        status: 'identification-required',
        reason: 'identification-required',
        attempt: { state: 'void' },
        endedAt: expect.any(String),
      });
    });

    it.each([
      ['not-found', 422, 'scan-ref-not-found'],
      ['enrollment', 422, 'not-eligible'],
      ['no-credits', 502, 'provider-rejected'],
      ['forbidden', 502, 'provider-rejected'],
      ['bad-value', 502, 'provider-rejected'],
    ])('says why there is no code: %s is %i %s', async (name, status, code) => {
      const answer = await post({ scanRef: `sim-${name}-create` }).expect(status);
      expect(answer.type).toBe('application/problem+json');
      const { sessionId } = answer.body as { sessionId: string };
      expect(answer.body).toMatchObject({ code, status, sessionId: expect.stringMatching(/^ses_/) });
      const session = await world().client.session(sessionId);
      expect(session).toMatchObject({ status: 'rejected', reason: code, attempt: { state: 'void', reason: code } });
      const types = (await world().client.untilEvent(sessionId, 'session.rejected')).map(({ type }) => type);
      expect(types).toEqual(['session.created', 'attempt.requested', 'attempt.void', 'session.rejected']);
    });

    describe('validation', () => {
      it.each([
        ['nothing at all', {}, 'scanRef'],
        ['an empty scanRef', { scanRef: '' }, 'scanRef'],
        ['a scanRef too long', { scanRef: 'x'.repeat(65) }, 'scanRef'],
        ['a scanRef that is no text', { scanRef: 7 }, 'scanRef'],
        ['a scanRef with a NUL', { scanRef: 'a\u0000b' }, 'scanRef'],
        ['a scanRef with half a character', { scanRef: 'a\ud800b' }, 'scanRef'],
        ['an unknown field', { ...minimal('a'), scanref: 'b' }, 'scanref'],
        ['a reference too long', { ...minimal('a'), reference: 'x'.repeat(201) }, 'reference'],
        ['a locale that is not a text', { ...minimal('a'), locale: 7 }, 'locale'],
        ['an empty locale', { ...minimal('a'), locale: '' }, 'locale'],
        ['a locale too short', { ...minimal('a'), locale: 'e' }, 'locale'],
        ['a locale too long', { ...minimal('a'), locale: 'en-GB-oxford' }, 'locale'],
        ['a locale with a country', { ...minimal('a'), locale: 'pt-BR' }, 'locale'],
        ['a locale that iDenfy does not have', { ...minimal('a'), locale: 'ga' }, 'locale'],
        ['no channel', { ...minimal('a'), channels: [] }, 'channels'],
        ['an unknown channel', { ...minimal('a'), channels: ['sms'] }, 'channels'],
        ['a channel twice', { ...minimal('a'), channels: ['code', 'code'] }, 'channels'],
        ['too short a code lifetime', { ...minimal('a'), codeLifetimeSeconds: 59 }, 'codeLifetimeSeconds'],
        ['too long a code lifetime', { ...minimal('a'), codeLifetimeSeconds: 2_592_001 }, 'codeLifetimeSeconds'],
        ['half a second', { ...minimal('a'), codeLifetimeSeconds: 60.5 }, 'codeLifetimeSeconds'],
        ['no attempt', { ...minimal('a'), maxAttempts: 0 }, 'maxAttempts'],
        ['six attempts', { ...minimal('a'), maxAttempts: 6 }, 'maxAttempts'],
        ['a number as text', { ...minimal('a'), maxAttempts: '3' }, 'maxAttempts'],
        ['an unknown outcome', { ...minimal('a'), retryOn: ['success'] }, 'retryOn'],
        ['too short a session lifetime', { ...minimal('a'), sessionLifetimeSeconds: 299 }, 'sessionLifetimeSeconds'],
        ['a reveal that is no boolean', { ...minimal('a'), reveal: 'yes' }, 'reveal'],
        ['an address that is none', { ...minimal('a'), initiator: { ip: '1.2.3' } }, 'initiator.ip'],
        ['an unknown field inside', { ...minimal('a'), initiator: { mac: 'x' } }, 'initiator.mac'],
        ['metadata that is no object', { ...minimal('a'), metadata: ['x'] }, 'metadata'],
        ['metadata with a number', { ...minimal('a'), metadata: { k: 1 } }, 'metadata'],
        ['metadata with a value too long', { ...minimal('a'), metadata: { k: 'x'.repeat(501) } }, 'metadata'],
        [
          'too much metadata',
          { ...minimal('a'), metadata: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`k${n}`, 'v'])) },
          'metadata',
        ],
      ])('refuses %s', async (_, body, field) => {
        const answer = await post(body).expect(400);
        expect(answer.type).toBe('application/problem+json');
        const { errors, ...problem } = answer.body as { errors: { field: string; message: string }[] };
        expect(problem).toMatchObject({ type: '/problems/invalid-request', status: 400, code: 'invalid-request' });
        expect(errors.map((error) => error.field)).toContain(field);
        expect(answer.body).toMatchObject({ requestId: answer.headers['x-request-id'] });
      });

      it.each([
        [{ maxAttempts: '3' }, 'must be an integer'],
        [{ channels: 'code' }, 'must be an array'],
        [{ retryOn: null }, 'must be an array'],
      ])('says of %j first what it has to be at all: it %s', async (fields, message) => {
        const answer = await post({ ...minimal('a'), ...fields }).expect(400);
        expect((answer.body as { errors: unknown[] }).errors).toEqual([
          { field: Object.keys(fields)[0], message: expect.stringContaining(message) },
        ]);
      });

      it('accepts a new code that was superseded at once, and names its successor', async () => {
        const { client } = world();
        const session = await client.create('sim-slow-1-superseded', { reveal: false });
        const ask = () => client.post(`/v1/sessions/${session.id}/attempts`);
        const first = ask().then((answer) => answer);
        await client.until(session.id, 'the second attempt', ({ attempt }) => attempt?.number === 2);
        const [superseded, last] = await Promise.all([first, ask()]);
        expect(superseded).toMatchObject({ status: 202, body: { attempt: { number: 3, state: 'requested' } } });
        expect(last.body).toMatchObject({ attempt: { number: 3 }, attempts: [{}, { reason: 'superseded' }, {}] });
      });

      it.each([[{ reveal: 'no' }], [{ reveal: 0 }], [{ reveals: false }], [{ reveal: null }]])(
        'refuses %j where a new code is asked for, and the code that lives goes on living',
        async (body) => {
          const { client } = world();
          const session = await client.create('create-attempts-body');
          const answer = await client.post(`/v1/sessions/${session.id}/attempts`, body);
          expect(answer.status).toBe(400);
          expect(answer.body).toMatchObject({ code: 'invalid-request' });
          expect((await client.get(`/v1/sessions/${session.id}`)).body).toMatchObject({ attempt: { number: 1 } });
        },
      );

      it('names every fault at once', async () => {
        const answer = await post({ scanRef: '', maxAttempts: 9, nonsense: true }).expect(400);
        const { errors } = answer.body as { errors: { field: string }[] };
        expect(errors.map(({ field }) => field).sort()).toEqual(['maxAttempts', 'nonsense', 'scanRef']);
      });

      it.each(['[]', '"text"', 'null', '7', '{"scanRef":', '{"__proto__":{"scanRef":"x"}}'])(
        'refuses the body %s',
        async (body) => {
          const { client } = world();
          const answer = await client.post('/v1/sessions').set('content-type', 'application/json').send(body);
          expect(answer.status).toBe(400);
          expect(answer.body).toMatchObject({ code: 'invalid-request' });
        },
      );

      it('takes the smallest and the largest that is allowed', async () => {
        const session = await world().client.create('x'.repeat(64), {
          codeLifetimeSeconds: 60,
          maxAttempts: 5,
          sessionLifetimeSeconds: 2_592_000,
          retryOn: [],
          reference: 'y'.repeat(200),
          metadata: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, 'v'.repeat(500)])),
          initiator: { ip: '2001:db8::1', userAgent: 'Mozilla/5.0' },
        });
        expect(session).toMatchObject({ maxAttempts: 5, attemptsLeft: 4, retryOn: [] });
      });
    });
  },
  { CREATE_WAIT_SECONDS: '2' },
);
