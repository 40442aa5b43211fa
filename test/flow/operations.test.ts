import { expect, it } from '@jest/globals';
import request from 'supertest';
import { waitFor } from '../support/wait-for.js';
import { eventTypes } from '../../src/journal/event-types.js';
import { onEveryStore } from '../support/world.js';

interface Operation {
  summary?: string;
  operationId?: string;
  responses: Record<string, { content?: Record<string, unknown> }>;
}
interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

onEveryStore('operations', (world) => {
  const anyone = (path: string) => request(world().url).get(path);

  it('says that the process is up and ready', async () => {
    expect((await anyone('/healthz').expect(200)).body).toEqual({ status: 'ok' });
    // A connection that was opened with the process may take a moment.
    const ready = async () => (await anyone('/readyz')).status === 200;
    await waitFor(ready, { what: 'the service to be ready' });
    expect((await anyone('/readyz').expect(200)).body).toEqual({
      status: 'ok',
      checks: { database: 'ok', queue: 'ok', process: 'ok' },
    });
  });

  it('counts for Prometheus: HTTP, queues, attempts, provider calls, webhooks', async () => {
    const { client, simulator } = world();
    const session = await client.create('operations-metrics');
    await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'SUCCESS' });
    await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    await client.create('operations-metrics-2');
    const answer = await client.get('/metrics').expect(200);
    expect(answer.type).toBe('text/plain');
    for (const line of [
      /^facecode_http_request_duration_seconds_count\{method="POST",route="\/v1\/sessions",status="201"\} [1-9]/m,
      /^facecode_queue_jobs\{queue="codes",state="delayed"\} [1-9]/m,
      /^facecode_queue_oldest_waiting_seconds\{queue="results"\} /m,
      /^facecode_attempts\{state="awaiting-selfie"\} [1-9]/m,
      /^facecode_provider_call_duration_seconds_count\{operation="create-session",outcome="ok"\} [1-9]/m,
      /^facecode_webhooks_total\{result="received"\} [1-9]/m,
    ]) {
      expect(answer.text).toMatch(line);
    }
    expect(answer.text).not.toMatch(/operations-metrics|ses_|att_/);
  });

  it('counts what operators set alerts on: verdicts, signals, locks, the rest of the budget, dependencies', async () => {
    const { client, simulator } = world();
    const verdict = async (scanRef: string, outcome: 'SUCCESS' | 'FAILED', failReason?: string) => {
      const { id, attempt } = await client.create(scanRef, { maxAttempts: 1 });
      await simulator.selfie({ digitString: attempt!.code!, outcome, ...(failReason ? { failReason } : {}) });
      await client.until(id, 'its end', ({ status }) => ['passed', 'failed'].includes(status));
    };
    await verdict('operations-verdicts', 'SUCCESS');
    await verdict('operations-verdicts', 'FAILED', 'NEVER_HEARD_OF');
    for (let n = 0; n < 5; n += 1) await verdict('operations-locked', 'FAILED', 'FACE_MISMATCH');
    const lines = [
      /^facecode_verdicts_total\{outcome="SUCCESS",reason="none",source="webhook"\} [1-9]/m,
      /^facecode_verdicts_total\{outcome="FAILED",reason="FACE_MISMATCH",source="webhook"\} [5-9]/m,
      /^facecode_verdicts_total\{outcome="FAILED",reason="other",source="webhook"\} [1-9]/m,
      /^facecode_signals_total\{signal="about-to-lock"\} [1-9]/m,
      /^facecode_signals_total\{signal="disputed"\} 0$/m,
      /^facecode_subject_locks_total [1-9]/m,
      /^facecode_reviews_waiting 0$/m,
      /^facecode_reviews_oldest_seconds 0$/m,
      /^facecode_dependency_up\{dependency="database"\} 1$/m,
      /^facecode_dependency_up\{dependency="queue"\} 1$/m,
      /^facecode_dependency_up\{dependency="idenfy"\} 1$/m,
      /^facecode_idenfy_budget_per_hour 10000$/m,
      /^facecode_idenfy_budget_left 9[0-9]{3}$/m,
    ];
    // Gauges that are read from rows may be some seconds old.
    const missing = async () => {
      const { text } = await client.get('/metrics').expect(200);
      return lines.filter((line) => !line.test(text)).map(String);
    };
    await waitFor(async () => (await missing()).length === 0, { what: 'the metrics' }).catch(() => undefined);
    expect(await missing()).toEqual([]);
    expect((await client.get('/metrics')).text).not.toMatch(/NEVER_HEARD_OF|operations-/);
  });

  it('describes every route in OpenAPI 3.1', async () => {
    const document = (await anyone('/openapi.json').expect(200)).body as OpenApi;
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths).sort()).toEqual([
      '/healthz',
      '/metrics',
      '/readyz',
      '/v1/api-keys',
      '/v1/api-keys/{id}',
      '/v1/attempts',
      '/v1/attempts/summary',
      '/v1/deliveries/{id}',
      '/v1/deliveries/{id}/retry',
      '/v1/endpoints',
      '/v1/endpoints/{id}',
      '/v1/endpoints/{id}/deliveries',
      '/v1/endpoints/{id}/recover',
      '/v1/endpoints/{id}/rotate-secret',
      '/v1/endpoints/{id}/test',
      '/v1/event-types',
      '/v1/events',
      '/v1/events/stream',
      '/v1/journal/checkpoint',
      '/v1/journal/consistency',
      '/v1/journal/export',
      '/v1/journal/key',
      '/v1/journal/proof/{eventId}',
      '/v1/journal/verify',
      '/v1/reviews',
      '/v1/reviews/{sessionId}',
      '/v1/sessions',
      '/v1/sessions/{id}',
      '/v1/sessions/{id}/attempts',
      '/v1/sessions/{id}/cancel',
      '/v1/sessions/{id}/code',
      '/v1/sessions/{id}/evidence',
      '/v1/sessions/{id}/review',
      '/v1/sessions/{id}/review/claim',
      '/v1/sessions/{id}/review/notes',
      '/v1/sessions/{id}/review/release',
      '/v1/sessions/{id}/stream',
      '/v1/subjects/{scanRef}',
      '/v1/subjects/{scanRef}/erase',
      '/v1/subjects/{scanRef}/legal-hold',
      '/v1/subjects/{scanRef}/release',
      '/v1/webhooks',
      '/v1/webhooks/{id}/replay',
      '/verify/facecode-verify.mjs',
      '/verify/facecode-verify.mjs.sha256',
      '/webhooks/idenfy',
    ]);
    expect(document.components.securitySchemes.bearer).toMatchObject({ type: 'http', scheme: 'bearer' });
    expect(JSON.stringify(document.components.securitySchemes)).not.toContain('JWT');
    const problems = document.paths['/v1/sessions']!.post!.responses['422']!;
    expect(Object.keys(problems.content ?? {})).toEqual(['application/problem+json']);
    // A route that does not answer with JSON still refuses with a problem.
    const refused = [
      document.paths['/verify/facecode-verify.mjs']!.get!.responses['404']!,
      document.paths['/v1/journal/export']!.get!.responses['400']!,
    ];
    for (const { content } of refused) expect(Object.keys(content ?? {})).toEqual(['application/problem+json']);
  });

  it('describes every event, there and in its catalogue', async () => {
    const { webhooks } = (await anyone('/openapi.json').expect(200)).body as { webhooks: Record<string, object> };
    const { body } = await anyone('/v1/event-types').expect(200);
    const { version, data } = body as { version: number; data: { type: string; schema: object; example: object }[] };
    expect(version).toBe(1);
    expect(data.map(({ type }) => type).toSorted()).toEqual(eventTypes.toSorted());
    expect(Object.keys(webhooks).toSorted()).toEqual(eventTypes.toSorted());
    const { schema, example } = data.find(({ type }) => type === 'attempt.retry')!;
    expect(webhooks['attempt.retry']).toMatchObject({
      post: { requestBody: { content: { 'application/json': { schema, example } } } },
    });
  });

  it('gives every operation in OpenAPI a short summary and a unique id', async () => {
    const document = (await anyone('/openapi.json').expect(200)).body as OpenApi;
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ route: `${method} ${path}`, ...operation })),
    );
    expect(operations.length).toBeGreaterThan(40);
    // A verb and a few words without a full stop, to be read in a list.
    const isShort = (summary = '') => /^[A-Z][a-z]+ .{0,55}[^.]$/.test(summary);
    expect(operations.filter(({ summary }) => !isShort(summary)).map(({ route }) => route)).toEqual([]);
    expect(operations.filter(({ operationId }) => !/^[a-z][A-Za-z]+$/.test(operationId ?? ''))).toEqual([]);
    for (const name of ['summary', 'operationId'] as const) {
      const texts = operations.map((operation) => operation[name]);
      expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([]);
    }
  });

  it('documents in OpenAPI, for every route with a body, that the body can be too large or of another media type', async () => {
    const document = (await anyone('/openapi.json').expect(200)).body as OpenApi;
    const withBody = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.values(operations)
        .filter((operation) => 'requestBody' in operation)
        .map(({ responses }) => ({ path, told: ['413', '415'].every((status) => status in responses) })),
    );
    expect(withBody.filter(({ told }) => !told)).toEqual([]);
    expect(withBody.length).toBeGreaterThan(4);
    expect(document.paths['/v1/sessions/{id}/attempts']!.post).toMatchObject({ requestBody: { required: false } });
  });

  it('has no reference in its OpenAPI that leads nowhere', async () => {
    const { text } = await anyone('/openapi.json').expect(200);
    const document = JSON.parse(text) as OpenApi;
    const targets = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!);
    expect(targets.length).toBeGreaterThan(5);
    for (const name of targets) expect(document.components.schemas).toHaveProperty([name]);
  });

  it('has a page of documentation that needs nothing from elsewhere', async () => {
    const page = await anyone('/docs').expect(200);
    expect(page.type).toBe('text/html');
    const resources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
    expect(resources.filter((address) => /^(https?:)?\/\//.test(address))).toEqual([]);
    for (const address of resources.filter((resource) => resource.endsWith('.js'))) {
      await anyone(new URL(address, `${world().url}/docs`).pathname).expect(200);
    }
  });

  it.each(['get', 'head'] as const)('redirects / to the documentation, without a key: %s', async (method) => {
    const answer = await request(world().url)[method]('/');
    expect([answer.status, answer.headers.location]).toEqual([302, '/docs']);
    expect(answer.headers['cache-control']).toBe('no-store');
    await anyone(answer.headers.location!).expect(200);
    const { paths } = (await anyone('/openapi.json').expect(200)).body as OpenApi;
    expect(paths).not.toHaveProperty(['/']);
  });

  it('sends headers that keep browsers from doing harm', async () => {
    const answer = await anyone('/healthz');
    expect(answer.headers['content-security-policy']).toContain("default-src 'self'");
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect((await world().client.get('/v1/sessions')).headers['cache-control']).toBe('no-store');
  });

  it('lets no cache keep an answer, however its address is written', async () => {
    const { client } = world();
    const session = await client.create('operations-no-store');
    const cacheControl = async (asked: request.Test) => (await asked).headers['cache-control'];
    for (const path of [`/v1/sessions/${session.id}`, `/%761/sessions/${session.id}`, '/%761/events', '/metrics']) {
      expect([path, await cacheControl(client.get(path).expect(200))]).toEqual([path, 'no-store']);
    }
    expect(await cacheControl(client.post(`/%761/sessions/${session.id}/code`).expect(200))).toBe('no-store');
    for (const path of ['/%761/sessions', '/%761/nowhere', '/v1/%zz']) {
      expect([path, await cacheControl(anyone(path))]).toEqual([path, 'no-store']);
    }
  });
});
