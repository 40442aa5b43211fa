/** The simulator's HTTP surface; its webhooks have a file of their own. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.js';

const keys = { apiKey: 'a-key', apiSecret: 'a-secret', signingKey: 'a-signing-key' };
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
const authorized = basic(`${keys.apiKey}:${keys.apiSecret}`);

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ ...keys, webhookUrl: null });
});
afterAll(() => simulator.close());

let made = 0;
const own = (scanRef: string) => `${scanRef}-n${++made}`;
const get = (path: string, headers: Record<string, string> = authorized) => fetch(simulator.url + path, { headers });

const check = (scanRef: string) => get(`/identification/facial-auth/${scanRef}/check-status/?method=FACE_MATCHING`);

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const json = { 'content-type': 'application/json', ...headers };
  return fetch(simulator.url + path, { method: 'POST', headers: json, body: JSON.stringify(body) });
}

const wanted = (scanRef: string) => ({
  scanRef,
  type: 'AUTHENTICATION',
  method: 'FACE_MATCHING',
  generateDigitString: true,
  lifetime: 600,
});
const create = (scanRef: string, rest: object = {}) =>
  post('/partner/authentication-info', { ...wanted(scanRef), ...rest }, authorized);
const created = async (scanRef: string) => (await (await create(scanRef)).json()) as Record<string, unknown>;
const read = async (token: unknown) => (await get(`/api/v2/facial-authentication-sessions/${token}/`)).json();
const statuses = async (times: number, call: () => Promise<Response>) => {
  const seen: number[] = [];
  for (let time = 0; time < times; time += 1) seen.push((await call()).status);
  return seen;
};

describe('the API key', () => {
  it.each([
    ['none', {}],
    ['a wrong secret', basic('a-key:other')],
    ['a wrong key', basic('other:a-secret')],
    ['another scheme', { authorization: 'Bearer a-key' }],
  ])('is required: %s is answered with 401 and JSON', async (_, headers) => {
    const answer = await get('/api/v2/facial-authentication-sessions/', headers);
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({ message: 'Invalid authorization credentials' });
  });

  it('is not needed to take the selfie or to read the ledger', async () => {
    expect((await get('/ledger', {})).status).toBe(200);
    expect((await post('/app/selfie', { digitString: 'nobody', outcome: 'SUCCESS' })).status).toBe(404);
  });
});

describe('check-status', () => {
  it.each([
    ['anybody', 200, 'AUTHENTICATION'],
    ['sim-must-identify', 200, 'IDENTIFICATION'],
    ['sim-enrollment', 200, 'ENROLLMENT'],
    ['sim-not-found', 404, undefined],
    ['sim-identify-cut', 200, 'IDENTIFICATION'],
    ['sim-identify-conflict', 200, 'IDENTIFICATION'],
    ['sim-identify-internal-error', 200, 'IDENTIFICATION'],
  ])('of %s answers %d %s', async (scanRef, status, type) => {
    const answer = await check(own(scanRef));
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { type?: string }).type).toBe(type);
  });

  it('of sim-check-500 fails twice for each scanRef', async () => {
    const [one, other] = [own('sim-check-500'), own('sim-check-500')];
    expect(await statuses(4, () => check(one))).toEqual([500, 500, 200, 200]);
    expect(await statuses(1, () => check(other))).toEqual([500]);
  });

  it('wants the method and the trailing slash', async () => {
    expect((await get('/identification/facial-auth/anybody/check-status/')).status).toBe(400);
    expect((await get('/identification/facial-auth/anybody/check-status/?method=OTHER')).status).toBe(400);
    expect((await get('/identification/facial-auth/anybody/check-status?method=FACE_MATCHING')).status).toBe(404);
  });
});

describe('authentication-info', () => {
  it('echoes the request with a token and eight digits', async () => {
    const scanRef = own('anybody');
    expect(await created(scanRef)).toEqual({
      ...wanted(scanRef),
      token: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
      digitString: expect.stringMatching(/^\d{8}$/),
    });
  });

  it('echoes the lifetime of the documented example when the request has none', async () => {
    const scanRef = own('anybody');
    const answer = await create(scanRef, { lifetime: undefined });
    expect(await answer.json()).toMatchObject({ scanRef, lifetime: 3600 });
    expect(simulator.ledger.sessions.at(-1)).toMatchObject({ scanRef, lifetimeSeconds: 3600 });
  });

  it('gives no digits to who did not ask', async () => {
    const answer = await create(own('anybody'), { generateDigitString: undefined });
    expect(await answer.json()).not.toHaveProperty('digitString');
  });

  it.each([
    ['MISSING_VALUE', { scanRef: undefined }],
    ['MISSING_VALUE', { type: undefined }],
    ['MISSING_VALUE', { method: undefined }],
    ['BAD_VALUE', { scanRef: 1 }],
    ['BAD_VALUE', { type: 'IDENTIFICATION' }],
    ['BAD_VALUE', { method: 'ACTIVE_LIVENESS' }],
    ['BAD_VALUE', { generateDigitString: 'true' }],
    ['BAD_VALUE', { locale: 'EN' }],
    ['BAD_VALUE', { lifetime: 0 }],
    ['BAD_VALUE', { lifetime: 1.5 }],
    ['BAD_VALUE', { lifetime: 2_592_001 }],
  ])('answers 400 %s to %j', async (identifier, fault) => {
    const answer = await create(own('anybody'), fault);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ identifier, message: expect.any(String) });
  });

  it.each([
    ['sim-error-500-twice', [500, 500, 200]],
    ['sim-html-error', [503, 200]],
    ['sim-rate-limit', [429, 200]],
    ['sim-too-many-400', [400, 200]],
    ['sim-no-credits', [402, 402, 402]],
    ['sim-forbidden', [403, 403, 403]],
    ['sim-bad-value', [400, 400, 400]],
    ['sim-contract-error', [400, 400, 400]],
    ['sim-internal-error', [400, 400, 200]],
    ['sim-field-errors', [400, 400, 400]],
  ])('answers %s with %j, and makes no session while it fails', async (sentinel, expected) => {
    const scanRef = own(sentinel);
    expect(await statuses(expected.length, () => create(scanRef))).toEqual(expected);
    const sessions = simulator.ledger.sessions.filter((session) => session.scanRef === scanRef);
    expect(sessions).toHaveLength(expected.filter((status) => status === 200).length);
  });

  it('says in which way it fails', async () => {
    expect((await create(own('sim-rate-limit'))).headers.get('retry-after')).toBe('1');
    expect(await created(own('sim-too-many-400'))).toMatchObject({ identifier: 'TOO_MANY_REQUESTS' });
    expect(await created(own('sim-bad-value'))).toMatchObject({ identifier: 'BAD_VALUE' });
    expect(await created(own('sim-contract-error'))).toMatchObject({ identifier: 'PARTNER_CONTRACT_ERROR' });
    expect(await created(own('sim-internal-error'))).toMatchObject({ identifier: 'INTERNAL_ERROR' });
    expect(await created(own('sim-field-errors'))).toMatchObject({
      identifier: 'VALIDATION_ERROR',
      message: { lifetime: [expect.any(String)] },
    });
    expect(await created(own('sim-no-credits'))).toEqual({
      message: 'Action not allowed due to lack of funds or exceeded limit.',
    });
    expect(await created(own('sim-forbidden'))).toEqual({ message: 'Partner inactive' });
    const page = await create(own('sim-html-error'));
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('<html>');
  });

  it('makes the session of sim-cut, and answers only the second try', async () => {
    const scanRef = own('sim-cut');
    await expect(create(scanRef)).rejects.toThrow();
    const [orphan] = simulator.ledger.sessions.filter((session) => session.scanRef === scanRef);
    expect(orphan).toMatchObject({ state: 'OPEN', approved: null });
    const [entry] = simulator.ledger.requests.filter((request) => request.scanRef === scanRef);
    expect(entry).toMatchObject({ status: null, token: orphan?.token });
    expect((await create(scanRef)).status).toBe(200);
  });

  it('makes the session of sim-slow at once and answers after its seconds', async () => {
    const before = performance.now();
    const scanRef = own('sim-slow-0.3');
    const answer = (await created(scanRef)) as { token: string };
    expect(performance.now() - before).toBeGreaterThanOrEqual(290);
    const [session] = simulator.ledger.sessions.filter(({ token }) => token === answer.token);
    expect(Date.now() - Date.parse(session?.createdAt ?? '')).toBeGreaterThanOrEqual(290);
  });

  it.each([
    ['sim-seven-digits', { token: expect.any(String), digitString: expect.stringMatching(/^\d{7}$/) }],
    ['sim-leading-zero', { token: expect.any(String), digitString: expect.stringMatching(/^0\d{7}$/) }],
    ['sim-auth-token', { authToken: expect.any(String), digitString: expect.any(String) }],
    ['sim-token-string', { tokenString: expect.any(String), digitString: expect.any(String) }],
    ['sim-number-code', { token: expect.any(String), digitString: expect.any(Number) }],
    ['sim-no-digits', { token: expect.any(String) }],
    ['sim-null-digits', { token: expect.any(String), digitString: null }],
    ['sim-short-lifetime-2', { token: expect.any(String), digitString: expect.any(String), lifetime: 2 }],
  ])('answers %s in its own words', async (sentinel, words) => {
    const scanRef = own(sentinel);
    expect(await created(scanRef)).toEqual({ ...wanted(scanRef), ...words });
  });

  it('answers sim-created-201 with 201', async () => {
    const answer = await create(own('sim-created-201'));
    expect(answer.status).toBe(201);
    expect(await answer.json()).toMatchObject({ token: expect.any(String), digitString: expect.any(String) });
  });

  it('never answers with more than the requested lifetime; a sim-short-lifetime session lives as long as its answer says', async () => {
    const scanRef = own('sim-short-lifetime-2');
    expect(await (await create(scanRef, { lifetime: 1 })).json()).toMatchObject({ lifetime: 1 });
    await create(scanRef);
    const sessions = simulator.ledger.sessions.filter((session) => session.scanRef === scanRef);
    expect(sessions.map(({ lifetimeSeconds }) => lifetimeSeconds)).toEqual([1, 2]);
  });

  it('takes back the digits it gave as a number', async () => {
    const { digitString } = await created(own('sim-number-code'));
    expect(await simulator.selfie({ digitString: String(digitString), outcome: 'SUCCESS' })).toEqual({ status: 204 });
  });
});

describe('the session API', () => {
  it.each([
    ['SUCCESS', true],
    ['FAILED', false],
    ['CANCELED', null],
    ['EXPIRED', null],
  ] as const)('tells of a session ended by %s approved: %j', async (outcome, approved) => {
    const { token } = await created(own('anybody'));
    expect(await read(token)).toMatchObject({ tokenString: token, approved: null, facePhoto: null });
    await simulator.selfie({ token: String(token), outcome });
    expect(await read(token)).toMatchObject({ approved, authenticationMethod: 'FACE_MATCHING' });
  });

  it('contradicts the webhook of sim-disagree', async () => {
    const { token } = await created(own('sim-disagree'));
    await simulator.selfie({ token: String(token), outcome: 'SUCCESS' });
    expect(await read(token)).toMatchObject({ approved: false });
  });

  it('lists them all as a plain array, and does not know an unknown one', async () => {
    const { token, scanRef } = await created(own('anybody'));
    const list = await (await get('/api/v2/facial-authentication-sessions/')).json();
    expect(list).toContainEqual(expect.objectContaining({ tokenString: token, givenScanRef: scanRef }));
    expect((await get('/api/v2/facial-authentication-sessions/unknown/')).status).toBe(404);
  });
});

describe('POST /app/selfie', () => {
  it('ends a session once', async () => {
    const { digitString } = await created(own('anybody'));
    expect((await post('/app/selfie', { digitString, outcome: 'FAILED' })).status).toBe(204);
    const again = await post('/app/selfie', { digitString, outcome: 'SUCCESS' });
    expect(again.status).toBe(409);
    expect(await again.json()).toEqual({ identifier: 'SESSION_ENDED', message: 'the session has ended: FAILED' });
  });

  it.each([
    [{ outcome: 'SUCCESS' }],
    [{ digitString: '1', token: 't', outcome: 'SUCCESS' }],
    [{ digitString: 1, outcome: 'SUCCESS' }],
    [{ digitString: '1' }],
    [{ digitString: '1', outcome: 'PENDING' }],
    [{ digitString: '1', outcome: 'SUCCESS', failReason: 'EYES_CLOSED' }],
    [{ digitString: '1', outcome: 'FAILED', failReason: 'x'.repeat(256) }],
    [{ digitString: '1', outcome: 'FAILED', riskTags: 'UNTRUSTED_ENVIRONMENT' }],
    [[]],
  ])('answers 400 to %j', async (body) => {
    expect((await post('/app/selfie', body)).status).toBe(400);
  });
});

describe('the pages', () => {
  it.each(['/', '/app', '/face?token=t'])('%s is HTML that needs nothing from outside', async (path) => {
    const answer = await get(path, {});
    expect(answer.headers.get('content-type')).toContain('text/html');
    const page = await answer.text();
    expect(page).toContain('<html lang="en">');
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it('learn the sentinels and the reasons from /reference', async () => {
    expect(await (await get('/reference', {})).json()).toMatchObject({
      sentinels: expect.arrayContaining([{ scanRef: 'sim-cut', does: expect.any(String) }]),
      failReasons: expect.arrayContaining(['FACE_MISMATCH']),
    });
  });
});

describe('the ledger', () => {
  it('keeps each call of iDenfy’s endpoints with its answer', async () => {
    const scanRef = own('anybody');
    await check(scanRef);
    const { token } = await created(scanRef);
    await get(`/api/v2/facial-authentication-sessions/${token}/`);
    const entries = simulator.ledger.requests.filter((request) => request.scanRef === scanRef);
    expect(entries.map((entry) => [entry.method, entry.status, entry.token])).toEqual([
      ['GET', 200, null],
      ['POST', 200, token],
      ['GET', 200, token],
    ]);
  });

  it('is served as JSON', async () => {
    const { digitString } = await created(own('anybody'));
    const ledger = await (await get('/ledger', {})).json();
    expect(ledger).toMatchObject({ sessions: expect.arrayContaining([expect.objectContaining({ digitString })]) });
  });
});
