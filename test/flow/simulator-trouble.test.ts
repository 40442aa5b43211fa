/** The simulator's lost answers, its odd session API, its identifications and its outages. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.js';
import { waitFor } from '../support/wait-for.js';

const keys = { apiKey: 'a-key', apiSecret: 'a-secret', signingKey: 'a-signing-key' };
const authorization = `Basic ${Buffer.from(`${keys.apiKey}:${keys.apiSecret}`).toString('base64')}`;

const received: { headers: IncomingHttpHeaders; raw: string }[] = [];
let receiver: Server;
let simulator: Simulator;
beforeAll(async () => {
  receiver = createServer(async (request, reply) => {
    received.push({ headers: request.headers, raw: await text(request) });
    reply.end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  simulator = await startSimulator({ ...keys, webhookUrl });
});
afterEach(() => simulator.setOutage('off'));
afterAll(async () => {
  await simulator.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

let made = 0;
const own = (scanRef: string) => `${scanRef}-n${++made}`;
const get = (path: string) => fetch(simulator.url + path, { headers: { authorization } });
const post = (path: string, body: object, headers: Record<string, string> = { authorization }) =>
  fetch(simulator.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const create = (scanRef: string) =>
  post('/partner/authentication-info', { scanRef, type: 'AUTHENTICATION', method: 'FACE_MATCHING', lifetime: 600 });
const sessionsOf = (scanRef: string) => simulator.ledger.sessions.filter((session) => session.scanRef === scanRef);
const list = () => get('/api/v2/facial-authentication-sessions/');
const read = (token: string) => get(`/api/v2/facial-authentication-sessions/${token}/`);
const identification = async (clientId = 'ses_42') =>
  (await (await post('/api/v2/token', { clientId, tokenType: 'IDENTIFICATION' })).json()) as Record<string, string>;

describe('a create call whose answer is lost', () => {
  it('makes two sessions of sim-cut-twice before it answers', async () => {
    const scanRef = own('sim-cut-twice');
    await expect(create(scanRef)).rejects.toThrow();
    await expect(create(scanRef)).rejects.toThrow();
    expect((await create(scanRef)).status).toBe(200);
    expect(sessionsOf(scanRef)).toHaveLength(3);
  });

  it('makes the session of sim-unknown-500, and answers 500 the first time', async () => {
    const scanRef = own('sim-unknown-500');
    expect((await create(scanRef)).status).toBe(500);
    expect(sessionsOf(scanRef)).toMatchObject([{ state: 'OPEN' }]);
    expect((await create(scanRef)).status).toBe(200);
  });

  it('cannot be looked for while a session of sim-refuse-list is open', async () => {
    const scanRef = own('sim-refuse-list');
    expect((await list()).status).toBe(200);
    await expect(create(scanRef)).rejects.toThrow();
    expect((await list()).status).toBe(403);
    await simulator.selfie({ token: sessionsOf(scanRef)[0]!.token, outcome: 'CANCELED' });
    expect((await list()).status).toBe(200);
  });
});

describe('the session API', () => {
  const ended = async (scanRef: string) => {
    const { token } = (await (await create(own(scanRef))).json()) as { token: string };
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    return token;
  };

  it('says null of sim-approved-null, whatever the webhook says', async () => {
    const token = await ended('sim-approved-null');
    expect(await (await read(token)).json()).toMatchObject({ approved: null });
    await waitFor(() => received.some(({ raw }) => raw.includes(token) && raw.includes('"SUCCESS"')), {
      what: 'the webhook',
    });
  });

  it('does not know the token of sim-api-404', async () => {
    expect((await read(await ended('sim-api-404'))).status).toBe(404);
  });

  it('fails twice for the token of sim-api-500-twice', async () => {
    const token = await ended('sim-api-500-twice');
    const statuses = [await read(token), await read(token), await read(token)].map(({ status }) => status);
    expect(statuses).toEqual([500, 500, 200]);
  });
});

describe('an identification', () => {
  it('is prepared with a scanRef of its own and a page', async () => {
    const answer = await post('/api/v2/token', { clientId: 'ses_42', tokenType: 'IDENTIFICATION', expiryTime: 600 });
    expect(answer.status).toBe(201);
    const body = (await answer.json()) as Record<string, string>;
    expect(body).toMatchObject({ clientId: 'ses_42', message: expect.any(String) });
    expect(body.redirectUrl).toBe(`${simulator.url}/identify?authToken=${body.authToken}`);
    expect((await fetch(body.redirectUrl!)).headers.get('content-type')).toContain('text/html');
    const entry = simulator.ledger.requests.at(-1);
    expect(entry).toMatchObject({ method: 'POST', status: 201, scanRef: body.scanRef, token: body.authToken });
  });

  it('is answered with the members of the request, and with defaults for the rest', async () => {
    const asked = { clientId: own('ses'), locale: 'lt', expiryTime: 600, generateDigitString: true, firstName: 'John' };
    const answered = {
      message: 'Token created successfully',
      authToken: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
      scanRef: expect.any(String),
      redirectUrl: expect.stringContaining('/identify?authToken='),
      sessionLength: 600,
      tokenType: 'IDENTIFICATION',
      externalRef: null,
    };
    expect(await (await post('/api/v2/token', asked)).json()).toMatchObject({
      ...answered,
      ...asked,
      digitString: expect.stringMatching(/^\d{8}$/),
    });
    const { clientId } = { clientId: own('ses') };
    expect(await (await post('/api/v2/token', { clientId })).json()).toMatchObject({
      ...answered,
      clientId,
      locale: 'en',
      expiryTime: 3600,
      firstName: null,
      digitString: null,
    });
  });

  it('is refused with 409 while another identification with the same clientId is open', async () => {
    const clientId = own('ses');
    const { authToken } = await identification(clientId);
    const again = await post('/api/v2/token', { clientId });
    expect(again.status).toBe(409);
    expect(await again.json()).toEqual({ message: 'Client ID already exists' });
    await post('/app/identify', { authToken, outcome: 'DENIED' }, {});
    expect((await post('/api/v2/token', { clientId })).status).toBe(201);
  });

  describe('after a check that was answered IDENTIFICATION', () => {
    const check = (scanRef: string) => get(`/identification/facial-auth/${scanRef}/check-status/?method=FACE_MATCHING`);
    const ask = (clientId: string) => post('/api/v2/token', { clientId });
    const opened = (clientId: string) => simulator.ledger.identifications.filter((one) => one.clientId === clientId);

    it('is made, but its answer is lost, for sim-identify-cut', async () => {
      await check(own('sim-identify-cut'));
      const clientId = own('ses');
      await expect(ask(clientId)).rejects.toThrow();
      expect(opened(clientId)).toHaveLength(1);
      expect((await ask(clientId)).status).toBe(409);
      expect((await ask(own('ses'))).status).toBe(201);
    });

    it('is refused with 409 from the first call on, for sim-identify-conflict', async () => {
      await check(own('sim-identify-conflict'));
      const clientId = own('ses');
      expect([(await ask(clientId)).status, (await ask(clientId)).status]).toEqual([409, 409]);
      expect(opened(clientId)).toEqual([]);
    });

    it('is refused with INTERNAL_ERROR once, for sim-identify-internal-error', async () => {
      const scanRef = own('sim-identify-internal-error');
      await check(scanRef);
      const clientId = own('ses');
      const refused = await ask(clientId);
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ identifier: 'INTERNAL_ERROR' });
      expect(opened(clientId)).toEqual([]);
      // The service repeats the check before the call. An identification with another clientId is then made.
      await check(scanRef);
      expect((await ask(clientId)).status).toBe(201);
      expect((await ask(own('ses'))).status).toBe(201);
    });

    it('follows the oldest of several checks', async () => {
      await check(own('sim-must-identify'));
      await check(own('sim-identify-conflict'));
      expect([(await ask(own('ses'))).status, (await ask(own('ses'))).status]).toEqual([201, 409]);
    });
  });

  it('needs the API key', async () => {
    expect((await post('/api/v2/token', { clientId: 'c' }, {})).status).toBe(401);
  });

  it.each([
    {},
    { clientId: '' },
    { clientId: 42 },
    { clientId: 'x'.repeat(101) },
    { clientId: 'c', tokenType: 'AUTHENTICATION' },
    { clientId: 'c', expiryTime: 0 },
    { clientId: 'c', locale: 1 },
    { clientId: 'c', tokenType: 'DOCUMENT' },
    { clientId: 'c', expiryTime: 2_592_001 },
    { clientId: 'c', expiryTime: 1.5 },
    { clientId: 'c', externalRef: 1 },
    { clientId: 'c', externalRef: 'x'.repeat(41) },
    { clientId: 'c', generateDigitString: 'true' },
  ])('is not prepared for %j', async (body) => {
    expect((await post('/api/v2/token', body)).status).toBe(400);
  });

  it.each(['APPROVED', 'DENIED', 'SUSPECTED'] as const)(
    'tells %s by a signed, final webhook, once',
    async (outcome) => {
      const { authToken, scanRef } = await identification(`ses_${outcome}`);
      expect((await post('/app/identify', { authToken, outcome }, {})).status).toBe(204);
      const told = () => received.filter(({ raw }) => raw.includes(scanRef!));
      await waitFor(() => told().length > 0, { what: 'the webhook' });
      const { headers, raw } = told()[0]!;
      expect(headers['idenfy-event-type']).toBe('IDENTIFICATION');
      expect(headers['idenfy-signature']).toBe(createHmac('sha256', keys.signingKey).update(raw).digest('hex'));
      expect(JSON.parse(raw)).toMatchObject({
        final: true,
        status: { overall: outcome },
        scanRef,
        clientId: `ses_${outcome}`,
      });
      expect((await post('/app/identify', { authToken, outcome: 'APPROVED' }, {})).status).toBe(409);
      expect(simulator.ledger.identifications.find((entry) => entry.authToken === authToken)?.state).toBe(outcome);
    },
  );

  it.each([
    [404, { authToken: 'nobody', outcome: 'APPROVED' }],
    [400, { outcome: 'APPROVED' }],
    [400, { authToken: 1, outcome: 'APPROVED' }],
    [400, { authToken: 'nobody' }],
    [400, { authToken: 'nobody', outcome: 'SUCCESS' }],
  ])('answers %d to playing %j', async (status, body) => {
    expect((await post('/app/identify', body, {})).status).toBe(status);
  });
});

describe('the dashboard', () => {
  it('sends a signed test message that is not a result', async () => {
    const before = received.length;
    expect((await post('/app/test-message', {}, {})).status).toBe(204);
    await waitFor(() => received.length > before, { what: 'the test message' });
    const { headers, raw } = received[before]!;
    expect(headers['idenfy-event-type']).toBe('FACIAL_AUTHENTICATION');
    expect(headers['idenfy-signature']).toBe(createHmac('sha256', keys.signingKey).update(raw).digest('hex'));
    const body = JSON.parse(raw) as object;
    for (const member of ['token', 'scanRef', 'status']) expect(body).not.toHaveProperty(member);
  });
});

describe('an outage', () => {
  it('has every endpoint answer 500, and makes nothing', async () => {
    expect((await post('/app/outage', { mode: '500' }, {})).status).toBe(204);
    const scanRef = own('anybody');
    const check = get(`/identification/facial-auth/${scanRef}/check-status/?method=FACE_MATCHING`);
    const answers = await Promise.all([check, create(scanRef), list(), post('/api/v2/token', { clientId: 'c' })]);
    expect(answers.map(({ status }) => status)).toEqual([500, 500, 500, 500]);
    expect(sessionsOf(scanRef)).toEqual([]);
    expect((await fetch(`${simulator.url}/ledger`)).status).toBe(200);
    await post('/app/outage', { mode: 'off' }, {});
    expect((await create(scanRef)).status).toBe(200);
  });

  it('by time-out has nobody answer', async () => {
    simulator.setOutage('time-out');
    const calls = simulator.ledger.requests.length;
    const given = new AbortController();
    const asked = fetch(`${simulator.url}/api/v2/facial-authentication-sessions/`, {
      headers: { authorization },
      signal: given.signal,
    });
    await waitFor(() => simulator.ledger.requests.length > calls, { what: 'the call' });
    simulator.setOutage('off');
    // A call that came later is answered first, and the one before it still is not.
    expect((await list()).status).toBe(200);
    expect(simulator.ledger.requests[calls]).toMatchObject({ status: null });
    given.abort();
    await expect(asked).rejects.toThrow('abort');
  });

  it.each([{}, { mode: 'on' }, { mode: 500 }, []])('is not begun by %j', async (body) => {
    expect((await post('/app/outage', body, {})).status).toBe(400);
  });
});
