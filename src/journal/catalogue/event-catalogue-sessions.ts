import type { EventDescription } from './event-catalogue-entry.js';
import { count, type JsonSchema, listOf, object, oneOf, orNull, text } from './event-catalogue-schema.js';

const ofSession = { since: 1, session: 'always', attempt: 'never' } as const;

const reason = (words: string): JsonSchema => object({ reason: orNull(text(words)) });

export const sessionEvents = {
  'session.created': {
    ...ofSession,
    summary: 'A platform has asked for a session.',
    data: object({
      scanRef: text(),
      channels: listOf(oneOf(['code', 'web', 'sdk'])),
      codeLifetimeSeconds: count(),
      maxAttempts: count(undefined, 1),
      retryOn: listOf(oneOf(['failed', 'expired', 'canceled'])),
      sessionLifetimeSeconds: count(),
      locale: orNull(text()),
    }),
    personal: object(
      {
        reference: text('The platform’s own name for it.'),
        metadata: { type: 'object', additionalProperties: text() },
        initiator: object({ ip: text(), userAgent: text() }, ['ip', 'userAgent']),
      },
      ['reference', 'metadata', 'initiator'],
    ),
    example: {
      data: {
        scanRef: '8df398bb-7340-11ee-9aec-0221b1f59063',
        channels: ['code'],
        codeLifetimeSeconds: 1800,
        maxAttempts: 3,
        retryOn: ['failed', 'expired', 'canceled'],
        sessionLifetimeSeconds: 86_400,
        locale: 'en',
      },
      personal: { reference: 'order-4711', initiator: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0' } },
    },
  },
  'session.passed': {
    ...ofSession,
    summary: 'Final: the face matched.',
    data: reason('Always null.'),
    example: { data: { reason: null } },
  },
  'session.failed': {
    ...ofSession,
    summary: 'Final: no pass, and no further attempt.',
    data: reason(
      '`attempts-exhausted`, `lifetime-over`, `subject-locked`, `failed-in-review`, or why no code could be had.',
    ),
    example: { data: { reason: 'attempts-exhausted' } },
  },
  'session.expired': {
    ...ofSession,
    summary: 'Final: no pass; the last outcome was EXPIRED.',
    data: reason('`attempts-exhausted`, `lifetime-over` or `subject-locked`.'),
    example: { data: { reason: 'attempts-exhausted' } },
  },
  'session.canceled': {
    ...ofSession,
    summary: 'Final: canceled by the platform.',
    data: reason('Always null.'),
    example: { data: { reason: null } },
  },
  'session.rejected': {
    ...ofSession,
    summary: 'Final: there never was a code.',
    data: reason('`scan-ref-not-found`, `not-eligible` or `provider-rejected`.'),
    example: { data: { reason: 'scan-ref-not-found' } },
  },
  'session.identification-required': {
    ...ofSession,
    summary: 'Final: the person has to identify anew, and there never was a code.',
    data: object(
      {
        reason: orNull(text('Always `identification-required`.')),
        identificationScanRef: text(
          'The scanRef of the identification that iDenfy prepared (IDENTIFICATION_FALLBACK). Absent if iDenfy refused it or its answer was lost.',
        ),
      },
      ['identificationScanRef'],
    ),
    example: { data: { reason: 'identification-required' } },
  },
  'session.identified': {
    ...ofSession,
    summary: 'The person of such a session has identified anew. Comes after the final event.',
    data: object({ scanRef: text('The new scanRef, for the next session.') }),
    example: { data: { scanRef: '1c7d03e2-9a41-11ee-8c90-0242ac120002' } },
  },
  'session.in-review': {
    ...ofSession,
    summary: 'A pass is held.',
    data: reason(
      '`confirming`: held until iDenfy confirms it. Held until a person decides: `disputed`, `unconfirmed`, `subject-locked`, or a signal of SIGNALS_HOLD.',
    ),
    example: { data: { reason: 'disputed' } },
  },
} satisfies Record<string, EventDescription>;
