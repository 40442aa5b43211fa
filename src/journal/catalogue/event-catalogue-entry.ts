import { count, type JsonSchema, object, oneOf, orNull, text, instant, listOf } from './event-catalogue-schema.js';

/** What there is to know about a type of event. */
export interface EventDescription {
  /** the version of the catalogue that it came with */
  readonly since: number;
  readonly summary: string;
  /** what it is about: always, never, or now and then */
  readonly session: Occurrence;
  readonly attempt: Occurrence;
  readonly data: JsonSchema;
  /** beside `salt`; absent: such events hold no personal data */
  readonly personal?: JsonSchema;
  readonly example: { readonly data: object; readonly personal?: object };
}

type Occurrence = 'always' | 'never' | 'sometimes';

export const attemptNumber = count('Which attempt of the session, from 1.', 1);

export const openStates = oneOf(['requested', 'issued', 'awaiting-selfie'], 'Its state until then.');

export const outcome: JsonSchema = {
  title: 'Outcome',
  ...object({
    status: oneOf(['SUCCESS', 'FAILED', 'CANCELED', 'EXPIRED']),
    failReason: orNull(text('What iDenfy names, an open list.')),
    source: oneOf(
      ['webhook', 'session-api', 'deadline'],
      'Who said so; `deadline`: nobody did until the code was over.',
    ),
    at: instant('When it was learned.'),
  }),
};

/** Of whoever took the selfie. */
export const selfiePersonal = object({
  selfieIp: orNull(text('Address from which the selfie came.')),
  riskTags: listOf(text(), 'What iDenfy noticed.'),
});

export const exampleOutcome = {
  status: 'FAILED',
  failReason: 'FACE_MISMATCH',
  source: 'webhook',
  at: '2026-01-15T10:02:11.480Z',
};

export const examplePersonal = { selfieIp: '203.0.113.7', riskTags: [] };
