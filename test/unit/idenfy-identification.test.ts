/** The client's identification, and its breaker, against a real server. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Circuit } from '../../src/idenfy/circuit.js';
import { IdenfyClient } from '../../src/idenfy/client.js';
import { waitFor } from '../support/wait-for.js';

const credentials = { apiKey: 'the-key', apiSecret: 'the-secret' };
const scanRef = '1d2c3b4a-7340-11ee-9aec-0221b1f59063';
const authToken = 'pgYQX0z2T8mtcpNj9I20uWVCLKNuG0vgr12f0wAC';

let server: Server;
let client: IdenfyClient;
let seen: { method: string | undefined; url: string | undefined; body: string }[];
let answer: (response: ServerResponse) => void;
let now: number;
let states: string[];
let observed: string[];

beforeEach(async () => {
  seen = [];
  states = [];
  observed = [];
  now = 0;
  server = createServer(async (request, response) => {
    seen.push({ method: request.method, url: request.url, body: await text(request) });
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = clientFor();
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await client.close();
});

const baseUrl = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function clientFor(options: { identificationUrl?: string; timeoutSeconds?: number } = {}): IdenfyClient {
  return new IdenfyClient(
    { baseUrl: baseUrl(), ...credentials, timeoutSeconds: 30, ...options },
    ({ operation, outcome }) => observed.push(`${operation} ${outcome}`),
    new Circuit(
      () => now,
      (state) => states.push(state),
    ),
  );
}

async function clientWith(options: { identificationUrl?: string; timeoutSeconds?: number }): Promise<void> {
  await client.close();
  client = clientFor(options);
}

function answering(status: number, body: unknown): void {
  answer = (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

const identify = () => client.createIdentification({ clientId: 'ses_42', lifetimeSeconds: 600 });
const create = () => client.createSession({ scanRef, lifetimeSeconds: 60, digits: true });

describe('creating an identification', () => {
  it('sends clientId and expiry in every call, and the locale only if there is one', async () => {
    answering(201, { authToken, scanRef });
    await identify();
    await client.createIdentification({ clientId: 'c', locale: 'lt', lifetimeSeconds: 3600 });
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(2).fill('POST /api/v2/token'));
    expect(seen.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { clientId: 'ses_42', tokenType: 'IDENTIFICATION', expiryTime: 600 },
      { clientId: 'c', tokenType: 'IDENTIFICATION', locale: 'lt', expiryTime: 3600 },
    ]);
    expect(observed).toEqual(Array(2).fill('create-identification ok'));
  });

  it('takes the address that iDenfy gives, and makes it from the token else', async () => {
    answering(201, { message: 'ok', authToken, scanRef, redirectUrl: `https://ivs.example/redirect?authToken=x` });
    expect(await identify()).toEqual({ kind: 'ok', scanRef, url: 'https://ivs.example/redirect?authToken=x' });
    answering(200, { authToken, scanRef, redirectUrl: null });
    expect(await identify()).toEqual({ kind: 'ok', scanRef, url: `https://ui.idenfy.com/?authToken=${authToken}` });
    await clientWith({ identificationUrl: 'https://id.bank.example/start?lang=lt' });
    const url = `https://id.bank.example/start?lang=lt&authToken=${authToken}`;
    expect(await identify()).toEqual({ kind: 'ok', scanRef, url });
  });

  it.each(['javascript:alert(1)', 'http://evil.example/', 'https://a:b@c.example/', '/relative', '', 42])(
    'hands on no address like %j',
    async (redirectUrl) => {
      answering(201, { authToken, scanRef, redirectUrl });
      expect(await identify()).toEqual({ kind: 'ok', scanRef, url: `https://ui.idenfy.com/?authToken=${authToken}` });
    },
  );

  it.each([
    [{ tokenString: authToken, sessionUrl: null }, `https://ui.idenfy.com/?authToken=${authToken}`],
    [{ tokenString: authToken, sessionUrl: 'https://ivs.example/start' }, 'https://ivs.example/start'],
    [{ authToken: null, tokenString: authToken, redirectUrl: null }, `https://ui.idenfy.com/?authToken=${authToken}`],
  ])('accepts the names of the newer OpenAPI file: %j', async (named, url) => {
    answering(201, { ...named, scanRef });
    expect(await identify()).toEqual({ kind: 'ok', scanRef, url });
  });

  it('takes plain http where the settings themselves say so, as in development', async () => {
    const redirectUrl = `${baseUrl()}/identify?authToken=${authToken}`;
    answering(201, { authToken, scanRef, redirectUrl });
    expect(await identify()).toMatchObject({ kind: 'ok', url: redirectUrl });
  });

  it.each([
    ['no scanRef', { authToken }],
    ['a scanRef that is no text', { authToken, scanRef: 42 }],
    ['neither token nor address', { scanRef }],
    ['a token with a blank', { scanRef, authToken: 'a b' }],
    ['HTML', '<html>'],
    ['an array', []],
  ])('refuses %s as unexpected', async (_, body) => {
    answering(201, body);
    expect(await identify()).toMatchObject({ kind: 'refused', reason: 'unexpected', httpStatus: 201 });
  });

  it.each([
    [400, 'refused'],
    [401, 'refused'],
    [403, 'refused'],
    [429, 'retry-later'],
    [409, 'duplicate'],
    [500, 'unknown'],
    [503, 'unknown'],
  ])('answered with %i is %s', async (status, kind) => {
    answering(status, { message: `no identification for ses_42, ${authToken}` });
    const outcome = await identify();
    expect(outcome).toMatchObject({ kind });
    for (const secret of ['ses_42', authToken]) expect(JSON.stringify(outcome)).not.toContain(secret);
  });

  it('does not know what became of it when the connection is cut', async () => {
    answer = (response) => response.destroy();
    expect(await identify()).toMatchObject({ kind: 'unknown' });
  });
});

describe('the client, when iDenfy does not answer', () => {
  const everyCall = () => [
    () => client.checkEligibility(scanRef),
    () => create(),
    () => client.readSession(authToken),
    () => client.listSessions(),
    () => identify(),
  ];

  async function open(): Promise<void> {
    answering(500, {});
    for (let time = 0; time < 5; time += 1) await client.checkEligibility(scanRef);
    seen = [];
    observed = [];
  }

  it('stops calling after five failures, and says of every operation at once that nothing was done', async () => {
    await open();
    expect(states).toEqual(['open']);
    for (const call of everyCall()) {
      expect(await call()).toEqual({
        kind: 'retry-later',
        why: 'provider-down',
        retryAfterSeconds: expect.any(Number),
        detail: expect.not.stringContaining(scanRef),
      });
    }
    expect(seen).toEqual([]);
    expect(observed).toEqual([]);
  });

  it('tells the one whose failure opened it when to come back, and sends the others behind it', async () => {
    answering(500, {});
    const outcomes = [];
    for (let time = 0; time < 7; time += 1) outcomes.push(await client.checkEligibility(scanRef));
    const told = outcomes.map((outcome) => (outcome.kind === 'retry-later' ? outcome.retryAfterSeconds : 'none'));
    expect(told.slice(0, 5)).toEqual([null, null, null, null, 5]);
    expect(told[5]).toBeGreaterThan(5);
    expect(told[6]).toBeGreaterThan(told[5] as number);
  });

  it('tries once when the time is over: an answer closes the breaker, also one that refuses', async () => {
    await open();
    now = 5000;
    answering(403, {});
    expect(await create()).toMatchObject({ kind: 'refused', reason: 'forbidden' });
    answering(200, { type: 'AUTHENTICATION' });
    expect(await client.checkEligibility(scanRef)).toMatchObject({ kind: 'ok' });
    expect(states).toEqual(['open', 'half-open', 'closed']);
    expect(seen).toHaveLength(2);
  });

  it('lets one call through at a time until it is answered', async () => {
    await open();
    now = 5000;
    let held: ServerResponse | undefined;
    answer = (response) => (held = response);
    const probe = client.checkEligibility(scanRef);
    for (const call of everyCall()) expect(await call()).toMatchObject({ why: 'provider-down' });
    const holding = await waitFor(() => held, { what: 'the probe to arrive' });
    holding.writeHead(200, { 'content-type': 'application/json' }).end('{"type":"AUTHENTICATION"}');
    expect(await probe).toMatchObject({ kind: 'ok' });
    expect(seen).toHaveLength(1);
  });

  it('puts a probe that fails first in the line again', async () => {
    await open();
    now = 5000;
    expect(await client.checkEligibility(scanRef)).toMatchObject({ why: 'server-error', retryAfterSeconds: 10 });
    expect(await client.checkEligibility(scanRef)).toMatchObject({ why: 'provider-down' });
    expect(states).toEqual(['open', 'half-open', 'open']);
  });

  it('counts time-outs and lost connections like failures of the server', async () => {
    await clientWith({ timeoutSeconds: 0.05 });
    answer = () => undefined;
    await client.readSession(authToken);
    await create();
    answer = (response) => response.destroy();
    await create();
    await client.listSessions();
    expect(states).toEqual([]);
    await client.listSessions();
    expect(states).toEqual(['open']);
  });

  it.each([400, 401, 402, 403, 404, 429])('takes %i for an answer', async (status) => {
    answering(500, {});
    for (let time = 0; time < 4; time += 1) await client.listSessions();
    answering(status, {});
    await client.readSession(authToken);
    answering(500, {});
    for (let time = 0; time < 4; time += 1) await create();
    expect(states).toEqual([]);
  });
});
