import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CallBudget } from '../../src/idenfy/call-budget.js';
import { IdenfyClient } from '../../src/idenfy/client.js';
import { retryAfterSeconds } from '../../src/idenfy/provider-error.js';

interface Seen {
  method: string | undefined;
  url: string | undefined;
  authorization: string | undefined;
  body: string;
}

const scanRef = '8df398bb-7340-11ee-9aec-0221b1f59063';
const token = 'UbYZnDdrTElsSDBQFeNkd8MxI9CpSEO0qR5jtRcz';
const credentials = { apiKey: 'the-key', apiSecret: 'the-secret' };

let server: Server;
let client: IdenfyClient;
let seen: Seen[];
let answer: (response: ServerResponse, request: IncomingMessage) => void;
let observed: string[];

beforeEach(async () => {
  seen = [];
  observed = [];
  server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    seen.push({ method, url, authorization: headers.authorization, body: await text(request) });
    answer(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = clientFor(portOf(server));
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await client.close();
});

const portOf = (listening: { address(): unknown }): number => (listening.address() as AddressInfo).port;

function clientFor(port: number, timeoutSeconds = 30): IdenfyClient {
  return new IdenfyClient({ baseUrl: `http://127.0.0.1:${port}`, ...credentials, timeoutSeconds }, (call) => {
    observed.push(`${call.operation} ${call.outcome}`);
  });
}

function answering(status: number, body: unknown, headers: Record<string, string> = {}): void {
  answer = (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

const create = (digits = true) => client.createSession({ scanRef, locale: 'en', lifetimeSeconds: 1800, digits });

/** Every operation against the same answer. */
const everyCall = () => [
  () => client.checkEligibility(scanRef),
  () => create(),
  () => client.readSession(token),
  () => client.listSessions(),
];

describe('checking eligibility', () => {
  it('asks for face matching, with the key pair', async () => {
    answering(200, { type: 'AUTHENTICATION' });
    expect(await client.checkEligibility(scanRef)).toEqual({
      kind: 'ok',
      type: 'AUTHENTICATION',
      raw: 'AUTHENTICATION',
    });
    expect(seen).toEqual([
      {
        method: 'GET',
        url: `/identification/facial-auth/${scanRef}/check-status/?method=FACE_MATCHING`,
        authorization: `Basic ${Buffer.from('the-key:the-secret').toString('base64')}`,
        body: '',
      },
    ]);
    expect(observed).toEqual(['check-eligibility ok']);
  });

  it.each([
    ['IDENTIFICATION', 'IDENTIFICATION'],
    ['ENROLLMENT', 'other'],
    ['authentication', 'other'],
    ['', 'other'],
  ])('takes %j for %s', async (raw, type) => {
    answering(200, { type: raw });
    expect(await client.checkEligibility(scanRef)).toEqual({ kind: 'ok', type, raw });
  });

  it('takes an answer without a type for none of them', async () => {
    answering(200, { kind: 'AUTHENTICATION' });
    expect(await client.checkEligibility(scanRef)).toMatchObject({ kind: 'refused', reason: 'unexpected' });
  });

  it('knows a scanRef that is gone', async () => {
    answering(404, '<h1>Not Found</h1>');
    expect(await client.checkEligibility(scanRef)).toEqual({ kind: 'not-found' });
  });

  it.each(['..', '.', '', 'with space', 'ä', '\ud800'])(
    'asks nothing for %j, which would change the address',
    async (odd) => {
      expect(await client.checkEligibility(odd)).toEqual({ kind: 'not-found' });
      expect(await client.readSession(odd)).toEqual({ kind: 'not-found' });
      expect(seen).toEqual([]);
    },
  );

  it('keeps a path of the base address, and a scanRef within its segment', async () => {
    await client.close();
    client = new IdenfyClient({
      baseUrl: `http://127.0.0.1:${portOf(server)}/mock`,
      ...credentials,
      timeoutSeconds: 30,
    });
    answering(200, { type: 'AUTHENTICATION' });
    await client.checkEligibility('a/b?c');
    expect(seen[0]?.url).toBe('/mock/identification/facial-auth/a%2Fb%3Fc/check-status/?method=FACE_MATCHING');
  });
});

describe('creating a session', () => {
  it('always sends the lifetime, and asks for digits only when they are wanted', async () => {
    answering(200, { token, digitString: '00567412' });
    await create();
    await client.createSession({ scanRef, lifetimeSeconds: 60, digits: false });
    const fixed = { scanRef, type: 'AUTHENTICATION', method: 'FACE_MATCHING' };
    expect(seen.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { ...fixed, generateDigitString: true, locale: 'en', lifetime: 1800 },
      { ...fixed, lifetime: 60 },
    ]);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/partner/authentication-info' });
  });

  it.each(['token', 'authToken', 'tokenString'])('finds the token under %s, and keeps leading zeros', async (name) => {
    answering(201, { [name]: token, digitString: '00567412', scanRef });
    expect(await create()).toEqual({
      kind: 'ok',
      token,
      digitString: '00567412',
      lifetimeSeconds: null,
      warnings: [],
    });
  });

  it('takes the same token under several names', async () => {
    answering(200, { token, authToken: token, tokenString: null, digitString: '1234' });
    expect(await create()).toMatchObject({ kind: 'ok', token });
  });

  it.each([
    ['two different tokens', { token, authToken: 'other', digitString: '12345678' }],
    ['no token', { digitString: '12345678' }],
    ['a token of 41 characters', { token: 'x'.repeat(41), digitString: '12345678' }],
    ['a token that is no text', { token: 42, digitString: '12345678' }],
    ['HTML', '<html>all fine</html>'],
    ['an array', []],
    ['nothing', ''],
    ['more than 256 KB', { token, digitString: '12345678', x: 'x'.repeat(300_000) }],
  ])('refuses %s as unexpected', async (_, body) => {
    answering(200, body);
    expect(await create()).toMatchObject({ kind: 'refused', reason: 'unexpected', httpStatus: 200 });
  });

  it('takes digits that come as a bare number, with a warning', async () => {
    answering(200, { token, digitString: 89567412 });
    const outcome = await create();
    expect(outcome).toMatchObject({
      kind: 'ok',
      digitString: '89567412',
      warnings: [expect.stringContaining('number')],
    });
  });

  it.each([undefined, null, '', '123', '1234567890123', '12 34 56', 'abcdefgh', -1234, 12.5, 123, true, {}])(
    'takes digitString %j, when digits were asked for, for a feature that is not in the contract',
    async (digitString) => {
      answering(200, { token, digitString });
      const outcome = await create();
      expect(outcome).toMatchObject({ kind: 'refused', reason: 'contract', httpStatus: 200 });
      // The token is returned only so that it can be recorded as an orphan.
      expect(outcome).toMatchObject({ sessionTokens: [token], detail: expect.not.stringContaining(token) });
    },
  );

  it('returns each different token of an answer that it cannot use, and no text that cannot be a token', async () => {
    answering(200, { token, authToken: 'other', tokenString: token, digitString: '12345678' });
    expect(await create()).toMatchObject({ kind: 'refused', sessionTokens: [token, 'other'] });
    answering(200, { token, authToken: 42, tokenString: 'x'.repeat(41) });
    expect(await create()).toMatchObject({ kind: 'refused', sessionTokens: [token] });
    answering(200, { digitString: '12345678' });
    expect(await create()).toMatchObject({ kind: 'refused', sessionTokens: [] });
  });

  it.each([
    [600, 600],
    [1, 1],
    [99_999_999, 99_999_999],
    ['600', 600],
    [null, null],
    [undefined, null],
  ])('reads the lifetime %j in an answer as %j seconds', async (lifetime, lifetimeSeconds) => {
    answering(200, { token, digitString: '12345678', lifetime });
    expect(await create()).toMatchObject({ kind: 'ok', lifetimeSeconds, warnings: [] });
    expect(await create(false)).toMatchObject({ kind: 'ok', lifetimeSeconds, warnings: [] });
  });

  it.each([0, -1, 1.5, '0', '-5', '1.5', '1e3', '', 'soon', true, [600], {}, 1e300])(
    'ignores the lifetime %j in an answer, with a warning',
    async (lifetime) => {
      answering(200, { token, digitString: '12345678', lifetime });
      const warnings = [expect.stringContaining('lifetime')];
      expect(await create()).toMatchObject({ kind: 'ok', lifetimeSeconds: null, warnings });
    },
  );

  it('gives no digits that nobody asked for', async () => {
    answering(200, { token, digitString: '12345678' });
    expect(await create(false)).toMatchObject({ kind: 'ok', token, digitString: null, warnings: [] });
  });

  it('does not know what became of it when the server fails', async () => {
    answering(500, { message: `session ${token} made` });
    expect(await create()).toEqual({ kind: 'unknown', detail: 'iDenfy answered 500' });
    expect(observed).toEqual(['create-session unknown']);
  });

  it.each([
    ['before the answer', (response: ServerResponse) => response.destroy()],
    [
      'in the middle of the answer',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"token":"', () => response.destroy());
      },
    ],
  ])('does not know what became of it when the connection is cut %s', async (_, cut) => {
    answer = cut;
    expect(await create()).toMatchObject({ kind: 'unknown' });
  });

  it('takes 404 for unexpected', async () => {
    answering(404, {});
    expect(await create()).toMatchObject({ kind: 'refused', reason: 'unexpected', httpStatus: 404 });
  });
});

describe('the deadline of a call', () => {
  it.each([
    ['the whole answer', () => undefined],
    ['the rest of the answer', (response: ServerResponse) => void response.writeHead(200).write('{"token":')],
  ])('is over when %s does not come', async (_, never) => {
    await client.close();
    client = clientFor(portOf(server), 0.3);
    answer = never;
    expect(await client.readSession(token)).toMatchObject({ kind: 'retry-later', why: 'time-out' });
    expect(await create()).toMatchObject({ kind: 'unknown' });
  });
});

describe('a server that nothing was sent to', () => {
  it('may be called again, also to create', async () => {
    const gone = createSocketServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const port = portOf(gone);
    gone.close();
    await once(gone, 'close');
    await client.close();
    client = clientFor(port);
    for (const call of everyCall()) {
      expect(await call()).toMatchObject({
        kind: 'retry-later',
        why: 'unreachable',
        detail: expect.stringContaining('ECONNREFUSED'),
      });
    }
  });

  it('is also one whose TLS never came about', async () => {
    const peers: Socket[] = [];
    const mute = createSocketServer((socket) => peers.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    await client.close();
    client = new IdenfyClient({ baseUrl: `https://127.0.0.1:${portOf(mute)}`, ...credentials, timeoutSeconds: 0.05 });
    expect(await create()).toMatchObject({ kind: 'retry-later', why: 'time-out' });
    peers.forEach((socket) => socket.destroy());
    mute.close();
  });
});

describe('a closed client', () => {
  it('sends nothing, and does not throw', async () => {
    await client.close();
    for (const call of everyCall()) expect(await call()).toMatchObject({ kind: 'retry-later', why: 'unreachable' });
    expect(seen).toEqual([]);
    client = clientFor(portOf(server));
  });
});

describe('an answer that is no success', () => {
  it.each([
    [400, { identifier: 'BAD_VALUE', message: 'Bad locale' }, 'bad-request', 'BAD_VALUE'],
    [400, '<html>', 'bad-request', null],
    [400, { identifier: 'PERMISSIONS_ERROR' }, 'contract', 'PERMISSIONS_ERROR'],
    [400, { identifier: 'PARTNER_CONTRACT_ERROR' }, 'contract', 'PARTNER_CONTRACT_ERROR'],
    [401, { message: 'no', code: 1, detail: 'x' }, 'unauthorized', null],
    [401, { identifier: 'TOO_MANY_REQUESTS' }, 'unauthorized', 'TOO_MANY_REQUESTS'],
    [402, '', 'no-credits', null],
    [403, '<html>Forbidden</html>', 'forbidden', null],
    [405, {}, 'unexpected', null],
    [302, {}, 'unexpected', null],
  ])('%i %j is refused as %s', async (status, body, reason, identifier) => {
    answering(status, body);
    for (const call of everyCall()) {
      expect(await call()).toMatchObject({ kind: 'refused', reason, httpStatus: status, identifier });
    }
  });

  it('is decided by its status when it is too large to read', async () => {
    answering(401, 'x'.repeat(300_000));
    expect(await create()).toMatchObject({ kind: 'refused', reason: 'unauthorized' });
  });

  it('is not a place to go on to', async () => {
    answering(307, '', { location: '/elsewhere' });
    expect(await create()).toMatchObject({ kind: 'refused', reason: 'unexpected', httpStatus: 307 });
    expect(seen).toHaveLength(1);
  });

  it('says later: 429, or 400 with its name', async () => {
    answering(429, '<html>', { 'retry-after': '17' });
    for (const call of everyCall()) {
      expect(await call()).toMatchObject({ kind: 'retry-later', why: 'rate-limited', retryAfterSeconds: 17 });
    }
    answering(400, { identifier: 'TOO_MANY_REQUESTS' });
    expect(await create()).toMatchObject({ kind: 'retry-later', why: 'rate-limited', retryAfterSeconds: null });
    answering(429, {}, { 'retry-after': 'Fri, 31 Dec 2199 23:59:59 GMT' });
    expect(await create()).toMatchObject({ kind: 'retry-later', retryAfterSeconds: 3600 });
  });

  it('says later to reading when the server fails', async () => {
    answering(502, '<html>Bad Gateway</html>');
    const expected = { kind: 'retry-later', why: 'server-error', detail: 'iDenfy answered 502' };
    expect(await client.checkEligibility(scanRef)).toMatchObject(expected);
    expect(await client.readSession(token)).toMatchObject(expected);
    expect(await client.listSessions()).toMatchObject(expected);
  });

  it('returns retry-later for every operation after 400 INTERNAL_ERROR', async () => {
    answering(400, { identifier: 'INTERNAL_ERROR', message: 'Oops' });
    const calls = [...everyCall(), () => client.createIdentification({ clientId: 'ses_42', lifetimeSeconds: 600 })];
    for (const call of calls) {
      expect(await call()).toMatchObject({
        kind: 'retry-later',
        why: 'server-error',
        detail: 'iDenfy answered 400, INTERNAL_ERROR, Oops',
      });
    }
  });

  it("shows iDenfy's message without anything that could be secret", async () => {
    const message = `Lifetime too long for ${scanRef} token=${token} the-secret, code 89567412, see https://x.example/y`;
    answering(400, { identifier: 'VALIDATION_ERROR', message });
    const details = await Promise.all(everyCall().map(async (call) => JSON.stringify(await call())));
    for (const detail of details) {
      expect(detail).toContain('Lifetime too long for');
      for (const secret of [scanRef, token, 'the-secret', 'the-key', '89567412', 'x.example']) {
        expect(detail).not.toContain(secret);
      }
    }
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-01-01T00:00:00.000Z');
  it.each([
    ['0', 0],
    ['90', 90],
    ['99999', 3600],
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['Fri, 01 Jan 2027 00:00:00 GMT', 3600],
    ['soon', null],
    ['-5', null],
    ['1.5', null],
    ['', null],
    [null, null],
  ])('%j is %j seconds', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });
});

describe('reading sessions back', () => {
  it.each([true, false, null])('tells approved %j', async (approved) => {
    answering(200, { id: 'i', tokenString: token, approved, facePhoto: 'https://photo' });
    expect(await client.readSession(token)).toEqual({ kind: 'ok', approved });
    expect(seen[0]?.url).toBe(`/api/v2/facial-authentication-sessions/${token}/`);
  });

  it.each([
    ['an answer without approved', {}],
    ['an approved that is a text', { approved: 'true' }],
    ['HTML', '<html>'],
    ['an answer about another session', { approved: true, tokenString: 'other' }],
  ])('treats %s as unclear', async (_, body) => {
    answering(200, body);
    expect(await client.readSession(token)).toEqual({
      kind: 'unclear',
      detail: expect.stringContaining('answered 200'),
    });
  });

  it('knows a session that is not there', async () => {
    answering(404, {});
    expect(await client.readSession(token)).toEqual({ kind: 'not-found' });
  });

  const listed = { id: 'i', givenScanRef: scanRef, tokenString: token, approved: null, type: 'AUTHENTICATION' };

  it('lists them without photos, and without what is no session', async () => {
    const full = { ...listed, authenticationMethod: 'FACE_MATCHING' };
    answering(200, [{ ...full, facePhoto: 'https://photo' }, null, 'x', { id: 'no token' }]);
    expect(await client.listSessions()).toEqual({ kind: 'ok', sessions: [{ ...full, facePhoto: null }] });
    expect(seen[0]?.url).toBe('/api/v2/facial-authentication-sessions/');
  });

  it('lists many more than fit into an ordinary answer', async () => {
    answering(
      200,
      Array.from({ length: 5000 }, () => listed),
    );
    expect(await client.listSessions()).toMatchObject({ kind: 'ok', sessions: { length: 5000 } });
  });

  it('takes something else for no list', async () => {
    answering(200, { results: [] });
    expect(await client.listSessions()).toMatchObject({ kind: 'refused', reason: 'unexpected' });
  });

  describe('probing the list', () => {
    it('does not read the body', async () => {
      answer = (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        // The body never ends.
        response.write('[');
      };
      expect(await client.probeList()).toEqual({ kind: 'ok' });
      expect(seen[0]?.url).toBe('/api/v2/facial-authentication-sessions/');
      expect(observed).toEqual(['list-sessions ok']);
    });

    it.each([
      [404, {}, { kind: 'refused', reason: 'unexpected' }],
      [403, {}, { kind: 'refused', reason: 'forbidden' }],
      [400, { identifier: 'TOO_MANY_REQUESTS' }, { kind: 'retry-later', why: 'rate-limited' }],
      [500, {}, { kind: 'retry-later', why: 'server-error' }],
    ])('returns the reason of a refusal: %d %j', async (status, body, expected) => {
      answering(status, body);
      expect(await client.probeList()).toMatchObject(expected);
    });
  });
});

describe('the budget of calls', () => {
  const failing = 5;

  it('is checked before each call, and no call is made when none is left', async () => {
    const purposes: string[] = [];
    const spent = budgeted(async (purpose) => {
      purposes.push(purpose);
      return 1234;
    });
    const outcomes = [await spent.checkEligibility(scanRef), await spent.readSession(token), await spent.probeList()];
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ kind: 'retry-later', why: 'budget-spent', retryAfterSeconds: 1234 });
    }
    expect(purposes).toEqual(['issuing', 'reading', 'reading']);
    expect(seen).toEqual([]);
    await spent.close();
  });

  it('does not open the breaker when it is spent, and an open breaker takes no calls from it', async () => {
    let left: number | null = 60;
    let asked = 0;
    const client = budgeted(async () => {
      asked += 1;
      return left;
    });
    answering(500, {});
    for (let n = 0; n < failing; n += 1) expect(await client.readSession(token)).toMatchObject({ why: 'budget-spent' });
    left = null;
    for (let n = 0; n < failing; n += 1) expect(await client.readSession(token)).toMatchObject({ why: 'server-error' });
    expect(asked).toBe(2 * failing);
    expect(await client.readSession(token)).toMatchObject({ why: 'provider-down' });
    expect(asked).toBe(2 * failing);
    await client.close();
  });

  const budgeted = (take: CallBudget['take']) =>
    new IdenfyClient(
      { baseUrl: `http://127.0.0.1:${portOf(server)}`, ...credentials, timeoutSeconds: 30 },
      undefined,
      undefined,
      { take },
    );
});
