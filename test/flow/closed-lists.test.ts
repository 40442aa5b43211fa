/**
 * Finds the fields with a closed list of words in the OpenAPI document. Each must refuse an unknown word and list the
 * known ones.
 */
import { expect, it } from '@jest/globals';
import request from 'supertest';
import { eventTypes } from '../../src/journal/event-types.js';
import { onEveryStore } from '../support/world.js';

interface Schema {
  $ref?: string;
  enum?: string[];
  items?: Schema;
  properties?: Record<string, Schema>;
}
interface Operation {
  parameters?: { in: string; name: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}
interface Field {
  method: string;
  path: string;
  where: 'query' | 'body';
  name: string;
  words: readonly string[];
  isList: boolean;
}

function fieldsOf({ paths, components }: Document): Field[] {
  const resolved = (schema: Schema): Schema =>
    schema.$ref === undefined ? schema : components.schemas[schema.$ref.split('/').at(-1)!]!;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { parameters = [], requestBody }]) => {
      const body = requestBody?.content['application/json']?.schema;
      const named = [
        ...parameters
          .filter((parameter) => parameter.in === 'query')
          .map(({ name, schema }) => ({ where: 'query' as const, name, schema })),
        ...Object.entries((body && resolved(body).properties) ?? {}).map(([name, schema]) => ({
          where: 'body' as const,
          name,
          schema,
        })),
      ];
      return named.flatMap(({ where, name, schema }) => {
        const words = schema.enum ?? (schema.items && resolved(schema.items).enum);
        return words ? [{ method, path, where, name, words, isList: schema.items !== undefined }] : [];
      });
    }),
  );
}

onEveryStore('fields with a closed list of words', (world) => {
  const refusal = async ({ method, path, where, name, isList }: Field) => {
    const { client } = world();
    const address = path.replaceAll(/\{\w+\}/g, `ses_${'0'.repeat(32)}`);
    const answer =
      where === 'query'
        ? await client.get(`${address}?${name}=presentaton`)
        : await client[method as 'post'](address, { [name]: isList ? ['presentaton'] : 'presentaton' });
    const { errors = [] } = answer.body as { errors?: { field: string; message: string }[] };
    return { status: answer.status, message: errors.find(({ field }) => field === name)?.message ?? '' };
  };

  it('refuse an unknown word, and list the known ones', async () => {
    const { body } = await request(world().url).get('/openapi.json').expect(200);
    const fields = fieldsOf(body as Document);
    const found = fields.map(({ path, name }) => `${path} ${name}`);
    for (const known of [
      '/v1/attempts signal',
      '/v1/attempts state',
      '/v1/attempts outcome',
      '/v1/attempts/summary bucket',
      '/v1/sessions status',
      '/v1/sessions retryOn',
      '/v1/webhooks state',
      '/v1/events type',
      '/v1/events/stream type',
      '/v1/endpoints/{id}/deliveries state',
      '/v1/sessions/{id}/review decision',
      '/v1/api-keys scopes',
      '/v1/journal/export format',
    ]) {
      expect(found).toContain(known);
    }
    for (const field of fields) {
      const { status, message } = await refusal(field);
      expect({ ...field, status }).toEqual({ ...field, status: 400 });
      expect({
        field: `${field.path} ${field.name}`,
        unnamed: field.words.filter((word) => !message.includes(word)),
      }).toEqual({ field: `${field.path} ${field.name}`, unnamed: [] });
    }
  });

  it('include the event types of an endpoint, and their patterns', async () => {
    const { client } = world();
    const answer = await client
      .post('/v1/endpoints', { url: 'https://example.com/', eventTypes: ['session.passd'] })
      .expect(400);
    const { detail } = answer.body as { detail: string };
    for (const type of eventTypes) expect(detail).toContain(type);
  });

  it('do not include failReason, to which iDenfy may add words', async () => {
    const { body } = await world().client.get('/v1/attempts?failReason=SOMETHING_NEW').expect(200);
    expect(body).toEqual({ data: [], nextCursor: null });
  });
});
