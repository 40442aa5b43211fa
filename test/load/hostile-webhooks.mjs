/**
 * Floods the webhook receiver with what no iDenfy would send and checks that nothing of it gets in:
 *
 *   node test/load/hostile-webhooks.mjs --count 100000 [--signed] [--seed 1] [--url http://127.0.0.1:3000 --key fc_…]
 *
 * Without --url it starts the built service (npm run build) on a port of its own, embedded or on DATABASE_URL.
 * --signed sends malformed bodies with valid signatures instead: each is answered 200 (kept, ignored) or 400
 * (quarantined), and no session moves. Loopback only. Exit code 0: nothing got in and nothing broke.
 */
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    signed: { type: 'boolean', default: false },
    url: { type: 'string' },
    /** admin key, with --url */
    key: { type: 'string' },
    /** signing key of the service, with --url and --signed */
    'webhook-key': { type: 'string' },
  },
});

const concurrency = 32;
/** Every so many requests a look at the event loop: p99 of prom-client is over the time since the look before. */
const looks = 20;
const path = '/webhooks/idenfy';
const signingKey = options['webhook-key'] ?? 'hostile-load-signing-key';
const count = Number(options.count);
const loopback = ['127.0.0.1', 'localhost', '[::1]'];

/** mulberry32: small, seeded, good enough to choose. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = generator(Number(options.seed));
const below = (limit) => Math.floor(random() * limit);
const pick = (list) => list[below(list.length)];
const text = (length) => Array.from({ length }, () => below(36).toString(36)).join('');
const hex = (length) => Array.from({ length }, () => below(16).toString(16)).join('');
const sign = (body, key = signingKey) => createHmac('sha256', key).update(body).digest('hex');
const nested = (levels, open, close) => open.repeat(levels) + close.repeat(levels);
const plausible = () =>
  JSON.stringify({ id: text(12), token: text(40), status: pick(['SUCCESS', 'FAILED', 'EXPIRED']) });

/** Bodies that are wrong in themselves. Each has something random in it, so that none is another's duplicate. */
const bodies = {
  truncated: () => plausible().slice(0, 5 + below(30)) + text(6),
  nested: () => `{"n":"${text(8)}","x":${nested(100 + below(9000), '{"a":', '}').replace('{"a":}', '{"a":1}')}}`,
  'nested lists': () => `[${nested(100 + below(30_000), '[', ']')},"${text(8)}"]`,
  'huge numbers': () => `{"token":1e${below(999_999)},"status":${'9'.repeat(1 + below(2000))}}`,
  NUL: () => `{"token":"${text(8)}\0","status":"SUCCESS"}`,
  'escaped NUL': () => `{"token":"\\u0000${text(8)}","status":"SUCCESS"}`,
  'half characters': () => `{"token":"\\ud800${text(8)}","status":"\\udc00"}`,
  'wrong types': () =>
    `{"token":${pick(['7', '[]', '{}', 'null', 'true'])},"status":${pick(['1', '[]', '{}', 'null'])},"n":"${text(8)}"}`,
  'prototype only': () => `{"__proto__":{"token":"${text(8)}","status":"SUCCESS"},"constructor":{"prototype":{}}}`,
  'no object': () => pick(['null', '[]', '""', '0', 'true']) + ' '.repeat(1 + below(60_000)),
  'bytes that are no UTF-8': () => Buffer.from([0x22, ...Array.from({ length: 64 }, () => 0x80 + below(64)), 0x22]),
};

const json = (more = {}) => ({
  'content-type': 'application/json',
  'idenfy-event-type': 'FACIAL_AUTHENTICATION',
  ...more,
});
const anyBody = () => pick(Object.values(bodies))();

/** What an outsider can send: nothing of it carries a valid signature over its own bytes. */
const forged = {
  'no signature': () => ({ headers: json(), body: plausible() }),
  'random signature': () => ({ headers: json({ 'idenfy-signature': hex(64) }), body: plausible() }),
  'malformed signature': () => ({
    headers: json({ 'idenfy-signature': pick([hex(63), hex(65), text(64), 'sha256=' + hex(64), text(3000)]) }),
    body: plausible(),
  }),
  'signature of another body': () => ({
    headers: json({ 'idenfy-signature': sign(plausible()) }),
    body: plausible(),
  }),
  'signature by another key': () => {
    const body = plausible();
    return { headers: json({ 'idenfy-signature': sign(body, text(16)) }), body };
  },
  'malformed and unsigned': () => ({ headers: json({ 'idenfy-signature': hex(64) }), body: anyBody() }),
  'wrong media type': () => ({
    headers: { 'content-type': pick(['text/plain', 'application/xml', 'nonsense', 'application/x+json', ';']) },
    body: plausible(),
  }),
  compressed: () => ({ headers: json({ 'content-encoding': pick(['gzip', 'br', 'x']) }), body: text(100) }),
  oversized: () => ({ headers: json({ 'idenfy-signature': hex(64) }), body: 'x'.repeat(65_537 + below(9000)) }),
  'wrong method': () => ({ method: pick(['PUT', 'PATCH', 'DELETE']), headers: json(), body: plausible() }),
  'garbage instead of HTTP': () => ({
    raw: pick([
      () => Buffer.from(Array.from({ length: 1 + below(200) }, () => below(256))),
      () => `POST ${path} HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
      () => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${text(4)}x\r\n\r\n`,
      () => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      () => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{`,
      () => `${text(20)}\r\n\r\n`,
    ])(),
  }),
};

/** Only whoever has the signing key can send these. */
const signed = Object.fromEntries(
  Object.entries(bodies).map(([name, make]) => [
    name,
    () => {
      const body = make();
      const eventType = pick(['FACIAL_AUTHENTICATION', 'facial_authentication', 'AML_MONITORING', text(150)]);
      return { headers: json({ 'idenfy-signature': sign(body), 'idenfy-event-type': eventType }), body };
    },
  ]),
);

async function startService() {
  const folder = mkdtempSync(join(tmpdir(), 'facecode-hostile-'));
  const port = await freePort();
  const adminKey = `fc_${randomBytes(24).toString('hex')}`;
  const settings = {
    PORT: String(port),
    FACECODE_DATA_DIR: join(folder, 'data'),
    FACECODE_ADMIN_KEY: adminKey,
    FACECODE_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    FACECODE_JOURNAL_KEY: Buffer.concat([
      Buffer.from('302e020100300506032b657004220420', 'hex'),
      randomBytes(32),
    ]).toString('base64'),
    IDENFY_BASE_URL: 'http://127.0.0.1:9',
    IDENFY_API_KEY: 'none',
    IDENFY_API_SECRET: 'none',
    IDENFY_WEBHOOK_KEYS: signingKey,
    LOG_LEVEL: 'error',
    // So that every request is answered by the receiver itself, never by a limit before it.
  };
  const servers = Object.fromEntries(
    ['DATABASE_URL', 'REDIS_URL'].filter((name) => process.env[name]).map((name) => [name, process.env[name]]),
  );
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../dist/main.js')], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...settings, ...servers },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (const until = Date.now() + 60_000; ; await pause(100)) {
    if (child.exitCode !== null) throw new Error('the service ended instead of listening');
    const up = await fetch(`${url}/healthz`).catch(() => null);
    if (up?.ok) return { url, adminKey, stop };
    if (Date.now() > until) throw new Error('the service does not listen');
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** @returns the status, `cut` when the connection ended without one */
function send(url, agent, { method = 'POST', headers, body, raw }) {
  return raw === undefined ? sendHttp(url, agent, method, headers, body) : sendRaw(url, raw);
}

function sendHttp(url, agent, method, headers, body) {
  return new Promise((done) => {
    const length = Buffer.byteLength(body);
    const asked = request(`${url}${path}`, { method, agent, headers: { ...headers, 'content-length': length } });
    asked.on('response', (answer) => {
      let told = '';
      answer.on('data', (chunk) => (told += chunk));
      answer.on('error', () => done({ status: 'cut', told }));
      answer.on('end', () => done({ status: answer.statusCode, told }));
    });
    asked.on('error', () => done({ status: 'cut', told: '' }));
    asked.end(body);
  });
}

function sendRaw(url, bytes) {
  return new Promise((done) => {
    let told = '';
    // Half closed at once: an unfinished request is over then, and does not have to wait to be cut.
    const socket = connect(Number(new URL(url).port), new URL(url).hostname, () => socket.end(bytes));
    socket.on('data', (chunk) => (told += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => done({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(told)?.[1]) || 'cut', told }));
  });
}

async function metric(url, adminKey, name) {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${adminKey}` } });
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`);
  const line = (await answer.text()).split('\n').find((found) => found.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}

/** What a request that got in would have changed. */
async function state(url, adminKey) {
  const read = async (where) => {
    const answer = await fetch(`${url}${where}`, { headers: { authorization: `Bearer ${adminKey}` } });
    return (await answer.json()).data;
  };
  const newest = async (where) => (await read(`${where}limit=1`))[0]?.id ?? null;
  const acting = await Promise.all(
    ['new', 'applied', 'unmatched'].map((name) => newest(`/v1/webhooks?state=${name}&`)),
  );
  const moved = JSON.stringify([await read('/v1/sessions?limit=200'), acting]);
  return { moved, kept: await newest('/v1/webhooks?') };
}

async function flood(url, adminKey) {
  const kinds = Object.entries(options.signed ? signed : forged);
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const byStatus = new Map();
  const surprising = new Map();
  const lags = [];
  let sent = 0;
  let faults = 0;
  let accepted = 0;
  const worker = async () => {
    while (sent < count) {
      sent += 1;
      if (sent % Math.ceil(count / looks) === 0) {
        lags.push(await metric(url, adminKey, 'facecode_nodejs_eventloop_lag_p99_seconds'));
      }
      const [kind, make] = pick(kinds);
      const { status, told } = await send(url, agent, make());
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
      const got = status === 200 || told.includes('"received":true');
      if (status >= 500) faults += 1;
      if (got && !options.signed) accepted += 1;
      const expected = options.signed ? status === 200 || status === 400 : typeof status !== 'number' || status < 500;
      if (!expected || (got && !options.signed)) surprising.set(`${kind}: ${status}`, told.slice(-300));
    }
  };
  await metric(url, adminKey, 'facecode_nodejs_eventloop_lag_p99_seconds');
  const started = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - started) / 1000;
  agent.destroy();
  return { byStatus, surprising, lags, faults, accepted, seconds };
}

async function main() {
  if (!Number.isSafeInteger(count) || count < 1) throw new Error('--count is a number from 1');
  if (options.url && !loopback.includes(new URL(options.url).hostname)) throw new Error('--url is on loopback only');
  if (options.url && !options.key) throw new Error('--url needs --key, the admin key of that service');
  const service = options.url
    ? { url: new URL(options.url).origin, adminKey: options.key, stop: () => Promise.resolve() }
    : await startService();
  try {
    const before = await state(service.url, service.adminKey);
    const { byStatus, surprising, lags, faults, accepted, seconds } = await flood(service.url, service.adminKey);
    const healthy = (await fetch(`${service.url}/healthz`)).ok;
    const after = await state(service.url, service.adminKey);
    const moved = after.moved !== before.moved;
    const leaked = !options.signed && after.kept !== before.kept;
    const lines = [
      [
        'requests',
        `${count} in ${seconds.toFixed(1)} s, ${Math.round(count / seconds)} a second, seed ${options.seed}`,
      ],
      ...[...byStatus]
        .sort(([a], [b]) => String(a).localeCompare(String(b)))
        .map(([status, n]) => [`answer ${status}`, n]),
      ['5xx (must be 0)', faults],
      ['accepted (must be 0)', accepted + (leaked ? 1 : 0)],
      ['state changes (must be 0)', moved ? 1 : 0],
      ['healthy afterwards', healthy ? 'yes' : 'no'],
      [
        'event loop lag p99',
        `worst ${ms(Math.max(...lags))}, median ${ms(lags.sort((a, b) => a - b)[lags.length >> 1])}`,
      ],
    ];
    const out = lines.map(([name, value]) => `${name.padEnd(26)} ${value}`);
    for (const [what, told] of surprising) out.push(`unexpected: ${what}: ${told}`);
    process.stdout.write(`${out.join('\n')}\n`);
    return faults === 0 && accepted === 0 && !leaked && !moved && healthy && surprising.size === 0 ? 0 : 1;
  } finally {
    await service.stop();
  }
}

const ms = (seconds) => `${(seconds * 1000).toFixed(1)} ms`;

process.exitCode = await main();
