/** The simulator's webhooks, as a receiver sees them. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.js';
import { waitFor } from '../support/wait-for.js';

const keys = { apiKey: 'a-key', apiSecret: 'a-secret', signingKey: 'a-signing-key' };
const authorization = `Basic ${Buffer.from(`${keys.apiKey}:${keys.apiSecret}`).toString('base64')}`;

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly body: Record<string, unknown>;
  readonly at: number;
}

const received: Received[] = [];
/** taken from the front; 200 once there are none */
let answers: number[] = [];
let receiver: Server;
let simulator: Simulator;

beforeAll(async () => {
  receiver = createServer(async (request, reply) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString();
    received.push({ headers: request.headers, raw, body: JSON.parse(raw), at: performance.now() });
    reply.writeHead(answers.shift() ?? 200).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  simulator = await startSimulator({ ...keys, webhookUrl: receiverUrl(), resend: { times: 3, everyMilliseconds: 20 } });
});
afterAll(async () => {
  await simulator.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});

const receiverUrl = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
const signed = (raw: string) => createHmac('sha256', keys.signingKey).update(raw).digest('hex');
const of = (token: string) => received.filter(({ body }) => body.token === token);
const sentOf = (token: string) => simulator.ledger.webhooks.filter((webhook) => webhook.token === token);
const until = (what: string, condition: () => boolean) => waitFor(condition, { what });

async function arrived(token: string, count = 1): Promise<Received[]> {
  await until(`${count} webhooks`, () => of(token).length >= count);
  return of(token);
}

let made = 0;
async function create(scanRef: string, lifetime = 600): Promise<{ token: string; digitString: string }> {
  const body = { scanRef: `${scanRef}-n${++made}`, type: 'AUTHENTICATION', method: 'FACE_MATCHING', lifetime };
  const answer = await fetch(`${simulator.url}/partner/authentication-info`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, generateDigitString: true }),
  });
  return (await answer.json()) as { token: string; digitString: string };
}

async function statusesOf(scanRef: string, outcome: 'SUCCESS' | 'FAILED' | 'CANCELED', count = 1): Promise<unknown[]> {
  const { token } = await create(scanRef);
  await simulator.selfie({ token, outcome });
  return (await arrived(token, count)).map(({ body }) => body.status);
}

describe('a webhook', () => {
  it('has the full shape, and a signature over its raw bytes', async () => {
    const { token, digitString } = await create('anybody');
    const riskTags = ['UNTRUSTED_ENVIRONMENT'];
    await simulator.selfie({
      digitString,
      outcome: 'FAILED',
      failReason: 'EYES_CLOSED',
      ipAddress: '198.51.100.1',
      riskTags,
    });
    const [webhook] = await arrived(token);
    expect(webhook?.body).toEqual({
      id: expect.any(String),
      scanRef: expect.stringMatching(/^anybody-n/),
      clientId: expect.any(String),
      status: 'FAILED',
      token,
      type: 'AUTHENTICATION',
      method: 'FACE_MATCHING',
      facePhoto: expect.stringMatching(/^https:\/\/.*X-Amz-Signature=/),
      ipAddress: '198.51.100.1',
      failReason: 'EYES_CLOSED',
      riskTags,
    });
    expect(webhook?.headers['idenfy-event-type']).toBe('FACIAL_AUTHENTICATION');
    expect(webhook?.headers['idenfy-signature']).toBe(signed(webhook?.raw ?? ''));
    expect(webhook?.headers['idenfy-signature']).not.toBe(signed(JSON.stringify(webhook?.body)));
  });

  it.each([
    ['SUCCESS', null, /^https:/],
    ['FAILED', 'FACE_MISMATCH', /^https:/],
    ['CANCELED', null, null],
    ['EXPIRED', null, null],
  ] as const)('of %s tells the reason %j and a photo like %s', async (outcome, failReason, photo) => {
    const { token } = await create('anybody');
    await simulator.selfie({ token, outcome });
    const [webhook] = await arrived(token);
    const facePhoto = photo === null ? null : expect.stringMatching(photo);
    expect(webhook?.body).toMatchObject({ status: outcome, failReason, facePhoto });
  });

  it('tells EXPIRED when the lifetime is over, once', async () => {
    const { token, digitString } = await create('anybody', 1);
    const [webhook] = await arrived(token);
    expect(webhook?.body).toMatchObject({ status: 'EXPIRED', facePhoto: null });
    expect(await simulator.selfie({ digitString, outcome: 'SUCCESS' })).toMatchObject({ status: 409 });
    expect(simulator.ledger.sessions.find((session) => session.token === token)).toMatchObject({ state: 'EXPIRED' });
  });

  it('is sent again, the same, until it is answered with 2xx', async () => {
    answers = [500, 302, 204];
    const { token } = await create('anybody');
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    await until('the third attempt', () => sentOf(token)[2]?.statusAnswered === 204);
    expect(sentOf(token).map(({ attempt, statusAnswered }) => [attempt, statusAnswered])).toEqual([
      [1, 500],
      [2, 302],
      [3, 204],
    ]);
    expect(new Set(of(token).map(({ raw, headers }) => raw + String(headers['idenfy-signature']))).size).toBe(1);
  });

  it('is given up after the last resending, also when nobody listens', async () => {
    simulator.setWebhookUrl('http://127.0.0.1:9/');
    const { token } = await create('anybody');
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    await until('the last attempt', () => sentOf(token).length === 4);
    simulator.setWebhookUrl(receiverUrl());
    // Another's full round begins and ends before a fifth attempt could still be due.
    answers = [500, 500, 500, 500];
    const other = await create('anybody');
    await simulator.selfie({ token: other.token, outcome: 'SUCCESS' });
    await until('the last attempt of the other', () => sentOf(other.token)[3]?.statusAnswered === 500);
    expect(sentOf(token).map(({ statusAnswered }) => statusAnswered)).toEqual([null, null, null, null]);
  });

  it('is not sent without an address', async () => {
    simulator.setWebhookUrl(null);
    const { token } = await create('anybody');
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    // Answered only after its own turn to send, which comes after that of the first.
    const other = await create('sim-reordered');
    simulator.setWebhookUrl(receiverUrl());
    expect([...sentOf(token), ...sentOf(other.token)]).toEqual([]);
  });
});

describe('the webhook asked for by', () => {
  it.each([
    ['sim-duplicate', 'SUCCESS', ['SUCCESS', 'SUCCESS']],
    ['sim-conflicting', 'SUCCESS', ['SUCCESS', 'FAILED']],
    ['sim-conflicting', 'FAILED', ['FAILED', 'SUCCESS']],
    ['sim-title-case', 'SUCCESS', ['Success']],
    ['sim-title-case', 'CANCELED', ['Canceled']],
    ['sim-cancelled-double-l', 'CANCELED', ['CANCELLED']],
    ['sim-cancelled-double-l', 'FAILED', ['FAILED']],
    ['sim-disagree', 'SUCCESS', ['SUCCESS']],
    ['sim-pending', 'SUCCESS', ['Pending', 'SUCCESS']],
    ['sim-pending', 'FAILED', ['Pending', 'FAILED']],
  ] as const)('%s tells of %s as %j', async (scanRef, outcome, expected) => {
    expect(await statusesOf(scanRef, outcome, expected.length)).toEqual(expected);
  });

  it('sim-duplicate is byte for byte the same', async () => {
    const { token } = await create('sim-duplicate');
    await simulator.selfie({ token, outcome: 'FAILED' });
    const [first, second] = await arrived(token, 2);
    expect(second?.raw).toBe(first?.raw);
  });

  it('sim-silent never comes, while the session has its verdict', async () => {
    const { token } = await create('sim-silent');
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    await statusesOf('anybody', 'SUCCESS');
    expect(sentOf(token)).toEqual([]);
    expect(simulator.ledger.sessions.find((session) => session.token === token)).toMatchObject({ approved: true });
  });

  it('sim-late comes after its seconds', async () => {
    const { token } = await create('sim-late-0.3');
    const before = performance.now();
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    const [webhook] = await arrived(token);
    expect((webhook?.at ?? 0) - before).toBeGreaterThanOrEqual(290);
  });

  it('sim-reordered comes before the create call is answered', async () => {
    const { token, digitString } = await create('sim-reordered');
    expect(of(token).map(({ body }) => body.status)).toEqual(['SUCCESS']);
    expect(await simulator.selfie({ digitString, outcome: 'SUCCESS' })).toMatchObject({ status: 409 });
  });

  it('sim-unsigned has no signature', async () => {
    const { token } = await create('sim-unsigned');
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    const [webhook] = await arrived(token);
    expect(webhook?.headers).not.toHaveProperty('idenfy-signature');
  });

  it('sim-bad-signature looks signed and is not', async () => {
    const { token } = await create('sim-bad-signature');
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    const [webhook] = await arrived(token);
    expect(webhook?.headers['idenfy-signature']).toMatch(/^[0-9a-f]{64}$/);
    expect(webhook?.headers['idenfy-signature']).not.toBe(signed(webhook?.raw ?? ''));
  });

  it('sim-pending shows no photo and no reason before its outcome', async () => {
    const { token } = await create('sim-pending');
    await simulator.selfie({ token, outcome: 'FAILED' });
    const [pending] = await arrived(token, 2);
    expect(pending?.body).toMatchObject({ failReason: null, facePhoto: null });
  });

  it('sim-tokenless has a scanRef but no token', async () => {
    const { token } = await create('sim-tokenless');
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    const tokenless = () => received.find(({ body }) => String(body.scanRef).startsWith('sim-tokenless-n'));
    await until('the webhook', () => tokenless() !== undefined);
    expect(tokenless()?.body).toMatchObject({ status: 'SUCCESS', clientId: expect.any(String) });
    expect(tokenless()?.body).not.toHaveProperty('token');
    expect(tokenless()?.headers['idenfy-signature']).toBe(signed(tokenless()?.raw ?? ''));
  });

  it('sim-no-event-type is signed and has no event type', async () => {
    const { token } = await create('sim-no-event-type');
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    const [webhook] = await arrived(token);
    expect(webhook?.headers).not.toHaveProperty('idenfy-event-type');
    expect(webhook?.headers['idenfy-signature']).toBe(signed(webhook?.raw ?? ''));
  });

  it('sim-minimal has the short shape', async () => {
    const { token } = await create('sim-minimal');
    await simulator.selfie({ token, outcome: 'SUCCESS' });
    const [webhook] = await arrived(token);
    const keysOfShape = ['token', 'clientId', 'scanRef', 'status', 'type', 'method', 'facePhoto'];
    expect(Object.keys(webhook?.body ?? {})).toEqual(keysOfShape);
  });
});

describe('closing', () => {
  it('calls off what is due: expiry, lateness, resending, held answers', async () => {
    const open = await startSimulator({
      ...keys,
      webhookUrl: 'http://127.0.0.1:9/',
      resend: { times: 1, everyMilliseconds: 60_000 },
    });
    const body = { scanRef: 'sim-slow-600', type: 'AUTHENTICATION', method: 'FACE_MATCHING' };
    const held = fetch(`${open.url}/partner/authentication-info`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }).catch(() => null);
    await until('the session', () => open.ledger.sessions.length === 1);
    await open.selfie({ token: open.ledger.sessions[0]?.token ?? '', outcome: 'SUCCESS' });
    await until('the first attempt', () => open.ledger.webhooks.length === 1);
    await open.close();
    await held;
    expect(open.ledger.webhooks).toHaveLength(1);
  });
});
