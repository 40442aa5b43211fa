/** Every type of event with its schema and an example, for consumers. Pure data; the service checks nothing by it. */
import { administrationEvents } from './event-catalogue-administration.js';
import { attemptEvents } from './event-catalogue-attempts.js';
import type { EventDescription } from './event-catalogue-entry.js';
import { otherEvents } from './event-catalogue-others.js';
import { count, instant, type JsonSchema, nothing, object, oneOf, orNull, text } from './event-catalogue-schema.js';
import { sessionEvents } from './event-catalogue-sessions.js';
import type { EventType } from '../event-types.js';

/** Goes up when types or members are added; nothing is ever taken away or given another meaning. */
export const catalogueVersion = 1;

export const eventCatalogue: Readonly<Record<EventType, EventDescription>> = {
  ...sessionEvents,
  ...attemptEvents,
  ...otherEvents,
  ...administrationEvents,
};

export const describedTypes = Object.keys(eventCatalogue) as EventType[];

const id = (prefix: string): JsonSchema => ({ type: 'string', pattern: `^${prefix}_[0-9a-f]{32}$` });

const about = (occurrence: 'always' | 'never' | 'sometimes', schema: JsonSchema): JsonSchema =>
  occurrence === 'always' ? schema : occurrence === 'never' ? nothing : orNull(schema);

/** The schema of the whole event, as deliveries, streams and lists give it. */
export function eventSchema(type: EventType): JsonSchema {
  const { summary, session, attempt, data, personal } = eventCatalogue[type];
  return {
    ...object(
      {
        id: {
          ...id('evt'),
          description: 'The same in every delivery, so you can recognise an event that comes again.',
        },
        type: { type: 'string', const: type },
        platform: orNull(
          text('Null if the event concerns no single platform; absent in events from before there were platforms.'),
        ),
        sessionId: about(session, id('ses')),
        attemptId: about(attempt, id('att')),
        seq: about(session, count('Counts per session, from 1, without gaps.', 1)),
        position: count('Counts over the whole journal, from 1, without gaps.', 1),
        at: instant(),
        actor: object(
          {
            kind: oneOf(['api-key', 'client-token', 'idenfy', 'system'], 'Who caused it.'),
            id: text('Of the key, the session of the token, the webhook, or the name of the rule.'),
            name: text('Name of the API key; only in events of administration and of reviews.'),
            owner: orNull(text('With `name`: the person or system that holds the key.')),
          },
          ['name', 'owner'],
        ),
        data,
        personal: personal ? orNull(salted(personal)) : nothing,
        personalDigest: orNull({ ...text('SHA-256 of `personal` (RFC 8785); stays when `personal` is erased.') }),
      },
      ['platform'],
    ),
    description: summary,
  };
}

/** As it might be received. */
export function eventExample(type: EventType): object {
  const { session, attempt, example } = eventCatalogue[type];
  const personal = example.personal ? { salt: 'v7Yt3m0nQ2uXw5c9bD1fGg', ...example.personal } : null;
  return {
    id: 'evt_019ab3c45d6e7f8091a2b3c4d5e6f708',
    type,
    platform: session === 'never' ? null : 'main',
    sessionId: session === 'never' ? null : 'ses_019ab3c45d6e7f8091a2b3c4d5e6f701',
    attemptId: attempt === 'never' ? null : 'att_019ab3c45d6e7f8091a2b3c4d5e6f702',
    seq: session === 'never' ? null : 4,
    position: 4711,
    at: '2026-01-15T10:02:11.500Z',
    actor: { kind: 'system', id: 'example' },
    data: example.data,
    personal,
    personalDigest: personal && '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  };
}

function salted(personal: JsonSchema): JsonSchema {
  const { properties = {}, required = [] } = personal;
  const salt = text('Keeps a short value from being guessed by its digest.');
  return { ...personal, properties: { salt, ...properties }, required: ['salt', ...required] };
}
