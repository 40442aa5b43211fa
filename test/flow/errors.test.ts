import { connect } from 'node:net';
import { expect, it } from '@jest/globals';
import request from 'supertest';
import { problems } from '../../src/core/errors.js';
import { onEveryStore } from '../support/world.js';

onEveryStore('errors', (world) => {
  it('gives the same body for an unknown, a malformed and a foreign id', async () => {
    const { client } = world();
    const bodies = [];
    for (const id of [`ses_${'0'.repeat(32)}`, 'ses_1', 'nonsense', `att_${'0'.repeat(32)}`, "'; drop table", '%00']) {
      for (const path of [`/v1/sessions/${encodeURIComponent(id)}`]) {
        const answer = await client.get(path).expect(404);
        const { requestId, ...body } = answer.body as { requestId: string };
        expect(requestId).toBe(answer.headers['x-request-id']);
        bodies.push(JSON.stringify(body));
      }
    }
    expect(new Set(bodies).size).toBe(1);
    expect(JSON.parse(bodies[0]!)).toMatchObject({ type: '/problems/not-found', status: 404, code: 'not-found' });
  });

  it.each(['/nowhere', '/v1/sessions/%ff', '/v1/sessions/%'])('answers %s with a problem, too', async (path) => {
    const answer = await request(world().url).get(path).set('authorization', `Bearer ${world().client.key}`);
    expect(answer.status).toBe(404);
    expect(answer.type).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ code: 'not-found', requestId: answer.headers['x-request-id'] });
  });

  it('echoes a sane request id, and makes one instead of another', async () => {
    const ask = async (id: string) => {
      const answer = await request(world().url).get('/healthz').set('x-request-id', id);
      return answer.headers['x-request-id'];
    };
    expect(await ask('order-4711.try:2')).toBe('order-4711.try:2');
    for (const strange of ['a b', 'x'.repeat(129), '<script>', 'a"b']) {
      expect(await ask(strange)).toMatch(/^req_[0-9a-f-]{36}$/);
    }
  });

  it('carries the request id in every answer, also in those of the framework', async () => {
    for (const [method, path] of [
      ['get', '/'],
      ['get', '/healthz'],
      ['post', '/v1/sessions'],
      ['delete', '/v1/sessions'],
    ] as const) {
      const answer = await request(world().url)[method](path);
      expect(answer.headers['x-request-id']).toMatch(/^req_/);
    }
  });

  it.each(['application/json', 'application/json; charset=iso-8859-1'])(
    'takes no body that is not UTF-8, as %s',
    async (type) => {
      const answer = await fetch(`${world().url}/v1/sessions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${world().client.key}`, 'content-type': type },
        body: Buffer.from('{"scanRef":"caf\u00e9"}', 'latin1'),
      });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'invalid-request', detail: 'The body is not UTF-8.' });
    },
  );

  it('takes bodies of up to 64 KB', async () => {
    const { client } = world();
    const answer = await client.post('/v1/sessions', { scanRef: 'x'.repeat(65 * 1024) }).expect(413);
    expect(answer.body).toMatchObject({ code: 'payload-too-large' });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])('does not take %s', async (type) => {
    const answer = await world()
      .client.post('/v1/sessions')
      .set('content-type', type)
      .send('{"scanRef":"x"}')
      .expect(415);
    expect(answer.body).toMatchObject({ code: 'unsupported-media-type' });
  });

  it('does not take a compressed body', async () => {
    const answer = await world()
      .client.post('/v1/sessions')
      .set('content-encoding', 'gzip')
      .send({ scanRef: 'x' })
      .expect(415);
    expect(answer.body).toMatchObject({ code: 'unsupported-media-type' });
  });

  it('serves a page for every problem', async () => {
    for (const [code, { title }] of Object.entries(problems)) {
      const answer = await request(world().url).get(`/problems/${code}`).expect(200);
      expect(answer.type).toBe('text/html');
      expect(answer.text).toContain(title);
    }
    await request(world().url).get('/problems').expect(200);
    await request(world().url).get('/problems/constructor').expect(404);
  });

  it('survives what is no HTTP at all', async () => {
    const { port } = new URL(world().url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.end('GARBAGE\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    await request(world().url).get('/healthz').expect(200);
  });
});
