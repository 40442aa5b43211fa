import { attemptNumber, type EventDescription } from './event-catalogue-entry.js';
import { count, instant, listOf, object, oneOf, orNull, text } from './event-catalogue-schema.js';

const ofNoSession = { since: 1, session: 'never', attempt: 'never' } as const;
const consecutiveFailures = count('FAILED in a row, over all sessions of the scanRef.');
const scanRef = '8df398bb-7340-11ee-9aec-0221b1f59063';

/** Sent to all other endpoints, not to the endpoint itself. */
const endpointTrouble = {
  endpointId: text(),
  failingSince: instant('The first failure since the last success.'),
  lastStatus: orNull(count('Of its last answer; null: there was none.')),
  lastError: orNull(text('Why there was no answer, or not all of it in time.')),
};
const exampleTrouble = {
  endpointId: 'ep_019ab3c45d6e7f8091a2b3c4d5e6f70a',
  failingSince: '2026-01-12T22:02:11.480Z',
  lastStatus: 500,
  lastError: null,
};

export const otherEvents = {
  'risk.flagged': {
    since: 1,
    session: 'always',
    attempt: 'sometimes',
    summary: 'Something that a fraud team should look at; which facts come with it depends on the signal.',
    data: object(
      {
        signal: text('The name of the signal; an open list.'),
        number: attemptNumber,
        failReason: text('iDenfy’s (presentation-attack, duplicate-image).'),
        riskTag: text('iDenfy’s (untrusted-environment).'),
        seconds: { type: 'number', minimum: 0, description: 'From handing the code out to the result (too-fast).' },
        tooFastSeconds: { type: 'number', minimum: 0 },
        comparedBits: count('Of both addresses, which differ in them (different-network).'),
        by: listOf(oneOf(['scanRef', 'initiator']), 'What there were too many sessions of (velocity).'),
        moreThan: count('So many sessions are fine (velocity).'),
        windowSeconds: count(),
        secondsAfterExpiry: {
          type: 'number',
          minimum: 0,
          description: 'Seconds from the expiry of the code to the arrival of the pass (late-result).',
        },
        graceSeconds: count('Seconds after the expiry of its code in which a pass is still in time (late-result).'),
        scanRef: text('Of a subject that is about to be locked.'),
        consecutiveFailures,
        lockAfterFailures: count('So many lock the subject.'),
      },
      [
        'number',
        'failReason',
        'riskTag',
        'seconds',
        'tooFastSeconds',
        'comparedBits',
        'by',
        'moreThan',
        'windowSeconds',
        'secondsAfterExpiry',
        'graceSeconds',
        'scanRef',
        'consecutiveFailures',
        'lockAfterFailures',
      ],
    ),
    personal: object({ initiatorIp: text(), selfieIp: text() }, ['initiatorIp', 'selfieIp']),
    example: {
      data: { signal: 'different-network', number: 1, comparedBits: 24 },
      personal: { initiatorIp: '203.0.113.7', selfieIp: '198.51.100.23' },
    },
  },
  'subject.locked': {
    since: 1,
    session: 'always',
    attempt: 'never',
    summary: 'Too many failures in a row: no new code for a while, or until a release.',
    data: object({
      scanRef: text(),
      consecutiveFailures,
      lockedUntil: orNull(instant('Null: only a release ends the lock.')),
      lockSeconds: orNull(count()),
    }),
    example: { data: { scanRef, consecutiveFailures: 5, lockedUntil: '2026-01-15T10:03:00.000Z', lockSeconds: 30 } },
  },
  'subject.released': {
    ...ofNoSession,
    summary: 'A person has ended a lock.',
    data: object({
      scanRef: text(),
      consecutiveFailures,
      locks: count('Locks since the last pass or release.'),
      lockedUntil: orNull(instant('When the lock would have ended. Null: only a release could end it.')),
    }),
    example: { data: { scanRef, consecutiveFailures: 6, locks: 2, lockedUntil: '2026-01-15T10:04:00.000Z' } },
  },
  'subject.erased': {
    ...ofNoSession,
    summary:
      'The personal data of a subject was erased, and its keys were destroyed. Each platform with sessions of the subject gets an event about its own sessions.',
    data: object(
      {
        scanRef: text(),
        because: oneOf(['asked', 'retention'], 'An administrator asked, or the sessions were old.'),
        again: text(
          'When the subject was first erased; a restored backup had brought it back (`facecode erase --replay`).',
        ),
        sessions: count('Sessions whose personal data was erased.'),
        keysDestroyed: count(),
        endpoints: listOf(text(), 'Ids of the endpoints that had received events of these sessions.'),
      },
      ['again'],
    ),
    example: { data: { scanRef, because: 'asked', sessions: 3, keysDestroyed: 1, endpoints: [] } },
  },
  'subject.held': {
    ...ofNoSession,
    summary: 'A legal hold keeps the subject from erasure.',
    data: object({ scanRef: text() }),
    example: { data: { scanRef } },
  },
  'subject.hold-lifted': {
    ...ofNoSession,
    summary: 'The legal hold of a subject was lifted.',
    data: object({ scanRef: text() }),
    example: { data: { scanRef } },
  },
  'audit.read': {
    ...ofNoSession,
    summary: 'Personal data or audit data was read. Reads of one kind within a minute are recorded as one event.',
    data: object(
      {
        route: text('What was read, for example `attempts.search`.'),
        filter: {
          description:
            'The names and values of the filter; `given` stands for a value that is personal data. `other`: too many different filters.',
          anyOf: [
            { type: 'object', additionalProperties: { type: 'string' } },
            { type: 'string', enum: ['other'] },
          ],
        },
        reads: count('Number of answers. Each part of a stream that is sent at once counts as one.', 1),
        rows: count('Number of rows in all of them.'),
        firstPosition: count('If events were read: the first position.', 1),
        lastPosition: count('If events were read: the last position.', 1),
        firstAt: instant(),
        lastAt: instant(),
      },
      ['firstPosition', 'lastPosition'],
    ),
    example: {
      data: {
        route: 'attempts.search',
        filter: { state: 'retry' },
        reads: 2,
        rows: 70,
        firstAt: '2026-01-15T10:00:00.000Z',
        lastAt: '2026-01-15T10:00:42.000Z',
      },
    },
  },
  'journal.accepted': {
    ...ofNoSession,
    summary:
      'An operator has accepted an inconsistent journal (`facecode journal accept`). The events listed here were set aside: the service does not vouch for them.',
    data: object({
      size: count('Number of sealed events when the journal was accepted.'),
      root: text('Root of the accepted tree (base64).'),
      acceptance: count('Number of acceptances so far, with this one.', 1),
      reason: orNull(text('The first fault, as `GET /v1/journal/verify` names it; null: it found no fault any more.')),
      positions: text('Positions of sealed events that are missing or were changed, such as `7, 9-12`; empty: none.'),
      events: listOf(text(), 'Ids of events that waited to be sealed and that the service had not recorded.'),
      known: orNull(object({ size: count(), root: text() })),
    }),
    example: {
      data: {
        size: 1042,
        root: 'KSu7Eik+U3BSdLVSXWgM6NWBUyYyYqK8WgvvWOCCYbk=',
        acceptance: 1,
        reason: 'mac',
        positions: '',
        events: ['evt_019ab3c45d6e7f8091a2b3c4d5e6f70b'],
        known: { size: 1042, root: 'KSu7Eik+U3BSdLVSXWgM6NWBUyYyYqK8WgvvWOCCYbk=' },
      },
    },
  },
  'endpoint.disabled': {
    ...ofNoSession,
    summary: 'A webhook endpoint gets no deliveries any more.',
    data: object({
      ...endpointTrouble,
      reason: oneOf(['gone', 'failing'], '`gone`: it answered 410; `failing`: for five days nothing but failures.'),
    }),
    example: { data: { ...exampleTrouble, reason: 'failing' } },
  },
  'endpoint.failing': {
    ...ofNoSession,
    summary: 'A webhook endpoint has failed for half of the time after which it is disabled.',
    data: object({ ...endpointTrouble, disabledAt: instant('When it will be disabled, if it goes on like this.') }),
    example: { data: { ...exampleTrouble, disabledAt: '2026-01-17T22:02:11.480Z' } },
  },
  'webhook.quarantined': {
    ...ofNoSession,
    summary: 'A signed webhook from iDenfy could not be read or applied.',
    data: object({
      webhookId: text(),
      digest: text('SHA-256 of its body, in hex.'),
      eventType: orNull(text('What its header called it.')),
      reason: text(),
    }),
    example: {
      data: {
        webhookId: 'whk_019ab3c45d6e7f8091a2b3c4d5e6f708',
        digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        eventType: 'FACIAL_AUTHENTICATION',
        reason: 'the body is not JSON',
      },
    },
  },
} satisfies Record<string, EventDescription>;
