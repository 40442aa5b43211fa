import type { AdministrationType } from '../event-types.js';
import type { EventDescription } from './event-catalogue-entry.js';
import { count, instant, type JsonSchema, listOf, object, oneOf, orNull, text } from './event-catalogue-schema.js';

const act = { since: 1, session: 'never', attempt: 'never' } as const;

const key = {
  keyId: text('Id of the key.'),
  name: text('Name of the key.'),
  owner: orNull(text('The person or system that holds the key.')),
  scopes: listOf(text()),
  platform: text('The platform whose data the key may use; `*`: all platforms.'),
};
const exampleKey = {
  keyId: 'key_019ab3c45d6e7f8091a2b3c4d5e6f70b',
  name: 'review desk',
  owner: 'Ann Smith',
  scopes: ['review'],
  platform: 'main',
};

const endpoint: Record<string, JsonSchema> = {
  endpointId: text(),
  platform: text('The platform whose events the endpoint receives; `*`: all platforms.'),
  origin: text('Scheme, host and port of its URL. The rest may be secret.'),
  urlDigest: text('SHA-256 of its whole URL, in hex.'),
  eventTypes: listOf(text()),
  disabled: { type: 'boolean' },
};
const exampleEndpoint = {
  endpointId: 'ep_019ab3c45d6e7f8091a2b3c4d5e6f70a',
  platform: 'main',
  origin: 'https://hooks.example.com',
  urlDigest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  eventTypes: ['*'],
  disabled: false,
};

/** Acts of administration. `actor` has the name and the owner of the API key that was used. */
export const administrationEvents = {
  'api-key.created': {
    ...act,
    summary: 'An API key was made: through the API, on the command line, or at start (the bootstrap key).',
    data: object({
      ...key,
      createdBy: orNull(
        text('Id of the key that made it; null for the bootstrap key and keys made on the command line.'),
      ),
      expiresAt: orNull(instant()),
    }),
    example: { data: { ...exampleKey, createdBy: 'key_019ab3c45d6e7f8091a2b3c4d5e6f70c', expiresAt: null } },
  },
  'api-key.revoked': {
    ...act,
    summary: 'An API key was revoked, or it was the bootstrap key and was replaced.',
    data: object(key),
    example: { data: exampleKey },
  },
  'endpoint.created': {
    ...act,
    summary: 'A webhook endpoint was registered. The endpoint itself does not get this event.',
    data: object(endpoint),
    example: { data: exampleEndpoint },
  },
  'endpoint.updated': {
    ...act,
    summary: 'A webhook endpoint was changed, disabled or enabled.',
    data: object({
      ...endpoint,
      changed: listOf(oneOf(['url', 'eventTypes', 'description', 'disabled']), 'The fields that changed.'),
    }),
    example: { data: { ...exampleEndpoint, changed: ['url'] } },
  },
  'endpoint.deleted': {
    ...act,
    summary: 'A webhook endpoint was deleted.',
    data: object(endpoint),
    example: { data: exampleEndpoint },
  },
  'endpoint.secret-rotated': {
    ...act,
    summary: 'A webhook endpoint got a new secret.',
    data: object({ ...endpoint, overlapSeconds: count('How long the old secret still signs beside the new one.') }),
    example: { data: { ...exampleEndpoint, overlapSeconds: 86_400 } },
  },
  'webhook.replayed': {
    ...act,
    summary: 'A stored webhook of iDenfy was applied again.',
    data: object({
      webhookId: text(),
      digest: text('SHA-256 of its body, in hex.'),
      attemptId: orNull(text('The attempt that the webhook belongs to.')),
      stateBefore: text('Its state before the replay.'),
      state: text('Its state after the replay.'),
      verdict: orNull(text('What the service decided about its result.')),
    }),
    example: {
      data: {
        webhookId: 'whk_019ab3c45d6e7f8091a2b3c4d5e6f708',
        digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        attemptId: null,
        stateBefore: 'quarantined',
        state: 'unmatched',
        verdict: null,
      },
    },
  },
} satisfies Record<AdministrationType, EventDescription>;
