import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { onEveryStore } from '../support/world.js';
import { waitFor } from '../support/wait-for.js';
import { sendWebhook, type Sending, sign } from '../support/webhook.js';

const path = '/webhooks/idenfy';
const signingKey = 'sim-signing-key';
const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

onEveryStore('the receiver under hostile requests', (world) => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  const send = (body: string, sending?: Sending) => sendWebhook(world().url, body, sending);
  const state = async () => {
    const { rows } = await world().database.query<{ sessions: string; attempts: string; kept: number }>(
      `select (select string_agg(id || status || version, ',' order by id) from sessions) as sessions,
              (select string_agg(id || state || version, ',' order by id) from attempts) as attempts,
              (select count(*)::int from webhooks) as kept`,
    );
    return rows[0]!;
  };
  /** A connection of one's own; what is written is written as it is. */
  const open = () => {
    const socket = connect(Number(new URL(world().url).port), '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
    return { write: (bytes: string) => void socket.write(bytes, 'latin1'), closed, received: () => text };
  };
  const raw = (bytes: string): Promise<string> => {
    const { write, closed } = open();
    write(bytes);
    return closed;
  };
  const request = (head: string, body = '') => `POST ${path} HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n${body}`;
  const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
  const problemIn = (answer: string) => {
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
    return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { code: string; requestId: string };
  };

  it.each(['get', 'put', 'patch', 'delete', 'head', 'options'])('answers 404 to %s', async (method) => {
    const answer = await fetch(world().url + path, { method: method.toUpperCase() });
    expect(answer.status).toBe(404);
  });

  it.each([
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['APPLICATION/JSON;charset="UTF-8"', 200],
    ['application/problem+json', 415],
    ['application/jsonx', 415],
    ['text/json', 415],
    ['application/json, text/plain', 415],
    ['multipart/form-data; boundary=x', 415],
    ['nonsense', 415],
    [';', 415],
  ])('answers to a signed body of the media type %s with %i', async (contentType, status) => {
    const body = JSON.stringify({ token: randomUUID(), status: 'FAILED' });
    await send(body, { contentType, eventType: 'MEDIA_TYPE' }).expect(status);
  });

  it('answers 415 without a media type, with a body and without', async () => {
    const signature = (body: string) => `idenfy-signature: ${sign(body, signingKey)}\r\nconnection: close`;
    expect(statusOf(await raw(request(`${signature('{}')}\r\ncontent-length: 2`, '{}')))).toBe(415);
    expect(statusOf(await raw(request(`${signature('')}\r\ncontent-length: 0`)))).toBe(415);
    expect(statusOf(await raw(request(signature(''))))).toBe(415);
  });

  it('takes the address in every spelling for the same one', async () => {
    const body = JSON.stringify({ token: randomUUID(), status: 'FAILED' });
    const headers = {
      'content-type': 'application/json',
      'idenfy-event-type': 'SPELLING',
      'idenfy-signature': sign(body, signingKey),
    };
    for (const spelling of ['/webhooks/idenfy', '/webhooks/idenfy/', '/webhooks/%69denfy', '/webhooks/idenfy?a=b']) {
      const answer = await fetch(world().url + spelling, { method: 'POST', headers, body });
      expect([spelling, answer.status]).toEqual([spelling, 200]);
    }
  });

  it('keeps nothing and moves nothing on account of what is not signed', async () => {
    const session = await world().client.create('hostile-forged', { channels: ['code', 'sdk'] });
    const body = JSON.stringify({ token: session.attempt!.token!, status: 'SUCCESS' });
    const right = sign(body, signingKey);
    const before = await state();
    for (const signature of [
      '',
      ' ',
      right.toUpperCase(),
      right.slice(1),
      `${right}0`,
      `0x${right}`,
      `sha256=${right}`,
      `${right},${right}`,
      `${right} ${right}`,
      '0'.repeat(64),
      'x'.repeat(8000),
      sign(`${body} `, signingKey),
      sign(body, 'another-key'),
      sign(body, ''),
      Buffer.from(right, 'hex').toString('base64'),
    ]) {
      const answer = await send(body, { signature }).expect(401);
      expect(answer.body).toMatchObject({ code: 'unauthenticated' });
    }
    await send(body, { key: null }).expect(401);
    await send(body)
      .set('idenfy-signature', [right, right] as never)
      .expect(401);
    expect(await state()).toEqual(before);
  });

  it.each([
    ['a deep list', nested(32_000), 'quarantined'],
    ['a deep list that never ends', '['.repeat(65_000), 400],
    ['deep objects', `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`, 'quarantined'],
    ['a deep member', `{"token":"t","status":"SUCCESS","x":${nested(30_000)}}`, 'quarantined'],
    ['a NUL byte', '{"token":"a\0b","status":"SUCCESS"}', 400],
    ['a NUL in the token', '{"token":"a\\u0000b","status":"SUCCESS"}', 'quarantined'],
    ['half a surrogate pair in the token', '{"token":"a\\ud800","status":"SUCCESS"}', 'quarantined'],
    ['nothing', ' ', 400],
    ['null', 'null', 'quarantined'],
    ['a number that is too large', '1e999999', 'quarantined'],
    ['64 KB of digits', '9'.repeat(65_000), 'quarantined'],
    ['a token of objects', '{"token":{"toString":"x"},"status":"SUCCESS"}', 'quarantined'],
    ['only a prototype', '{"__proto__":{"token":"t","status":"SUCCESS"}}', 'quarantined'],
    [
      'a prototype beside',
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"token":"t1","status":"FAILED"}',
      200,
    ],
    [
      'half characters beside',
      '{"token":"t2","status":"FAILED","failReason":"\\ud800\\u0000","riskTags":["\\udfff"]}',
      200,
    ],
    [
      'huge numbers beside',
      `{"token":"t3","status":"FAILED","id":1e400,"n":${'9'.repeat(5000)},"m":-0,"riskTags":1e999}`,
      200,
    ],
    [
      'ten thousand members',
      `{${Array.from({ length: 6000 }, (_, n) => `"k${n}":1`).join()},"token":"t4","status":"FAILED"}`,
      200,
    ],
    ['an unknown word for a status', '{"token":"t5","status":"\\u0000SUCCESS\\ud800"}', 200],
  ])('is not harmed by a signed body with %s', async (_, body, status) => {
    const session = await world().client.create(`hostile-${randomUUID()}`);
    const before = await state();
    const answer = await send(body).expect(status === 400 ? 400 : 200);
    const after = await state();
    expect(after).toEqual({ ...before, kept: before.kept + 1 });
    if (status === 400) expect(answer.body).toMatchObject({ code: 'invalid-request' });
    if (status === 'quarantined') expect(answer.body).toEqual({ received: true, quarantined: true });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(await world().client.session(session.id)).toMatchObject({ status: 'active' });
  });

  it('names the depth as the reason of a quarantine', async () => {
    await send(`{"token":"deep","status":"SUCCESS","x":${nested(100)}}`).expect(200, {
      received: true,
      quarantined: true,
    });
    const quarantined = await world().client.get('/v1/webhooks?limit=1').expect(200);
    expect(quarantined.body).toMatchObject({
      data: [{ state: 'quarantined', error: 'the body is nested deeper than 64 levels' }],
    });
    await send(`{"token":"deep","status":"FAILED","x":${nested(100)}}`, { eventType: 'AML_MONITORING' }).expect(200);
    const { body } = await world().client.get('/v1/webhooks?limit=1').expect(200);
    expect(body).toMatchObject({ data: [{ state: 'ignored', eventType: 'AML_MONITORING' }] });
  });

  it('takes of a doubled key the last, as everybody does', async () => {
    const session = await world().client.create('hostile-double', { maxAttempts: 1, channels: ['code', 'sdk'] });
    const { token } = session.attempt!;
    await send(`{"token":"nobody","status":"SUCCESS","token":"${token}","status":"FAILED"}`).expect(200);
    await world().client.until(session.id, 'the verdict', ({ status }) => status === 'failed');
  });

  it('answers 413 to more than 64 KB, announced or not', async () => {
    const head = 'content-type: application/json\r\nconnection: close';
    expect(statusOf(await raw(request(`${head}\r\ncontent-length: 99999999`, '{')))).toBe(413);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    expect(statusOf(await raw(request(`${head}\r\ntransfer-encoding: chunked`, chunk + chunk)))).toBe(413);
  });

  it.each([
    ['one header of 20 KB', `idenfy-signature: ${'a'.repeat(20_000)}`],
    ['5000 headers', Array.from({ length: 5000 }, (_, n) => `x-${n}: y`).join('\r\n')],
    ['a header without a name', ': nothing'],
    ['a header with a NUL', 'idenfy-signature: \0'],
    ['two lengths', 'content-length: 1\r\ncontent-length: 2'],
    ['a length and chunks', 'content-length: 1\r\ntransfer-encoding: chunked'],
    ['a length that is no number', 'content-length: 1e3'],
    ['a negative length', 'content-length: -1'],
  ])('answers 400 with a problem to %s, and ends the connection', async (_, head) => {
    const answer = await raw(request(`content-type: application/json\r\n${head}`));
    expect(statusOf(answer)).toBe(400);
    expect(problemIn(answer)).toMatchObject({ code: 'invalid-request', requestId: expect.stringMatching(/^req_/) });
    await fetch(`${world().url}/healthz`);
  });

  it.each([
    'GARBAGE\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    '\0\0\0\0\0\0\0\0',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'POST\r\n\r\n',
  ])('outlives %j instead of HTTP', async (bytes) => {
    expect(statusOf(await raw(bytes))).toBe(400);
    expect((await fetch(`${world().url}/healthz`)).status).toBe(200);
  });

  it('answers requests that come one behind the other on one connection, in their order', async () => {
    const { write, received } = open();
    const one = (n: number) => {
      const body = JSON.stringify({ token: `pipelined-${n}-${randomUUID()}`, status: 'FAILED' });
      const signature = n === 2 ? '0'.repeat(64) : sign(body, signingKey);
      const head = `content-type: application/json\r\nidenfy-event-type: PIPELINED\r\nidenfy-signature: ${signature}`;
      return request(`${head}\r\ncontent-length: ${body.length}`, body);
    };
    write([1, 2, 3, 4].map(one).join(''));
    const statuses = () => [...received().matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
    await waitFor(() => statuses().length === 4, { what: 'four answers' });
    expect(statuses()).toEqual([200, 401, 200, 200]);
  });

  it('refuses deep nesting in the rest of the API, too', async () => {
    const deep = `{"scanRef":"deep","metadata":${'{"a":'.repeat(9000)}"x"${'}'.repeat(9000)}}`;
    const answer = await world().client.post('/v1/sessions').set('content-type', 'application/json').send(deep);
    expect([answer.status, (answer.body as { code: string }).code]).toEqual([400, 'invalid-request']);
  });

  it('cuts who sends slowly: headers after 10 s, a body after 15 s, nothing at all as well', async () => {
    const started = performance.now();
    const drips: NodeJS.Timeout[] = [];
    const drip = async (begin: string, drop: string, seconds: number) => {
      const { write, closed } = open();
      write(begin);
      if (drop) drips.push(setInterval(() => write(drop), 500));
      const answer = await closed;
      expect((performance.now() - started) / 1000).toBeGreaterThan(seconds - 1);
      return answer;
    };
    try {
      const head = 'content-type: application/json\r\ncontent-length: 60000';
      const [headers, body, idle] = await Promise.all([
        drip(`POST ${path} HTTP/1.1\r\nhost: x\r\n`, 'x-drip: y\r\n', 10),
        drip(request(head, '{'), ' ', 15),
        drip('', '', 10),
      ]);
      expect(problemIn(headers)).toMatchObject({ code: 'invalid-request' });
      expect(statusOf(body)).toBe(400);
      expect(idle === '' || statusOf(idle) === 400).toBe(true);
    } finally {
      for (const timer of drips) clearInterval(timer);
    }
    await fetch(`${world().url}/healthz`);
  });
});
