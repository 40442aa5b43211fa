/** What a client token shows is decided for each member and each type of event; what is new must be decided, too. */
import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { eventCatalogue, eventExample } from '../../src/journal/catalogue/event-catalogue.js';
import { EventResponse } from '../../src/journal/events.responses.js';
import { type EventType, eventTypes } from '../../src/journal/event-types.js';
import type { JournalEvent } from '../../src/journal/journal-event.js';
import { AttemptResponse, OutcomeResponse, SessionResponse } from '../../src/sessions/session.responses.js';
import { eventDataForUser, eventForUser, userEvent, userEventTypes } from '../../src/sessions/user-event.js';
import { attemptForUser, outcomeForUser, reasonsForUser, sessionForUser } from '../../src/sessions/user-view.js';
import { allSignals } from '../../src/risk/rules.js';

/** As the OpenAPI document has them. */
const membersOf = (response: { prototype: object }): string[] =>
  (Reflect.getMetadata('swagger/apiModelPropertiesArray', response.prototype) as string[]).map((name) => name.slice(1));

/** Members of `data` that users do not see although they see the event. A new member belongs here or into the view. */
const hiddenData: Partial<Record<EventType, string[]>> = {
  'session.created': ['channels', 'locale', 'scanRef'],
  'session.identification-required': ['identificationScanRef'],
  'session.identified': ['scanRef'],
  'session.in-review': ['reason'],
  'attempt.requested': ['because'],
  'attempt.void': ['detail'],
};

describe('the user of a session', () => {
  it.each([
    ['a session', SessionResponse, sessionForUser],
    ['an attempt', AttemptResponse, attemptForUser],
    ['an outcome', OutcomeResponse, outcomeForUser],
    ['an event', EventResponse, eventForUser],
  ])('sees of %s only what was decided', (_what, response, table) => {
    expect(Object.keys(table).toSorted()).toEqual(membersOf(response).toSorted());
  });

  it('sees only types of events that were decided', () => {
    expect(Object.keys(eventDataForUser).toSorted()).toEqual(eventTypes.toSorted());
    const secret =
      /^(risk|review|subject|audit|webhook|endpoint|api-key|journal)\.|^attempt\.(conflict|late-result|disputed)$/;
    expect(userEventTypes.filter((type) => secret.test(type))).toEqual([]);
  });

  it.each(userEventTypes)('sees of %s only the data that was decided', (type) => {
    const shown: readonly string[] = eventDataForUser[type] === 'hidden' ? [] : eventDataForUser[type];
    const described = Object.keys(eventCatalogue[type].data.properties ?? {});
    expect([...shown, ...(hiddenData[type] ?? [])].toSorted()).toEqual(described.toSorted());
    expect(Object.keys(userEvent(eventExample(type) as JournalEvent).data).every((name) => shown.includes(name))).toBe(
      true,
    );
  });

  it('sees no reason that names a rule, and of an outcome only its status', () => {
    for (const reason of [
      ...allSignals,
      'confirming',
      'disputed',
      'unconfirmed',
      'subject-locked',
      'failed-in-review',
    ]) {
      expect(reasonsForUser).not.toContain(reason);
      const event = { ...eventExample('session.failed'), data: { reason } } as unknown as JournalEvent;
      expect(userEvent(event).data).toEqual({ reason: null });
    }
    const { data } = userEvent(eventExample('attempt.retry') as JournalEvent);
    expect(data).toEqual({ number: 1, from: 'awaiting-selfie', outcome: { status: 'FAILED' } });
  });
});
