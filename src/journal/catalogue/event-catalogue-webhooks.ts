import { describedTypes, eventCatalogue, eventExample, eventSchema } from './event-catalogue.js';

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
});

/** Standard Webhooks 1.0. */
const headers = [
  header('webhook-id', 'The id of the event; the same in every try.'),
  header('webhook-timestamp', 'Seconds since 1970, of this try. Refuse what is more than five minutes off.'),
  header(
    'webhook-signature',
    '`v1,` and the base64 of HMAC-SHA-256 over `<id>.<timestamp>.<body>`; one for each live secret, by spaces.',
  ),
];

const responses = {
  '2XX': { description: 'Received. Nothing else is.' },
  '410': { description: 'Gone: the endpoint is disabled.' },
  default: { description: 'Tried again later, for 75 hours.' },
};

/** The `webhooks` of the OpenAPI 3.1 document: what is sent to endpoints, by type. */
export function eventWebhooks(): Record<string, object> {
  const entries = describedTypes.map((type) => {
    const content = { 'application/json': { schema: eventSchema(type), example: eventExample(type) } };
    const { summary, since } = eventCatalogue[type];
    const post = {
      operationId: type,
      tags: ['events'],
      summary,
      description: `Since version ${since} of the catalogue.`,
      security: [],
      parameters: headers,
      requestBody: { required: true, content },
      responses,
    };
    return [type, { post }] as const;
  });
  return Object.fromEntries(entries);
}
