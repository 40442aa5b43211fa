/**
 * The webhooks and deliveries in an evidence file: what the events prove about them, and what they do not prove. Pure.
 */
import type { JournalEvent } from '../journal/journal-event.js';
import { hasMembers, isObject } from '../journal/export/verify-event.js';

const movingTypes: readonly string[] = ['attempt.passed', 'attempt.retry', 'session.identified'];
const refusingTypes: readonly string[] = ['attempt.late-result', 'attempt.conflict'];
/** If a webhook has one of these verdicts, an event names it as its actor. */
const recordedVerdicts: readonly string[] = [
  'moved',
  'mismatched-session',
  'session-closed',
  'superseded',
  'already-final',
];

/**
 * The verdict of each webhook that an event names, by the webhook's id. A webhook that was replayed by hand may have
 * two events: the later one counts.
 */
export function provenVerdicts(events: readonly JournalEvent[]): Map<string, string> {
  const verdicts = new Map<string, string>();
  for (const { type, actor, data } of events) {
    if (actor.kind !== 'idenfy') continue;
    if (movingTypes.includes(type)) verdicts.set(actor.id, 'moved');
    if (refusingTypes.includes(type)) verdicts.set(actor.id, String(data.reason));
  }
  return verdicts;
}

const webhookMembers = ['id', 'digest', 'receivedAt', 'state', 'verdict'];
const deliveryMembers = [
  'id',
  'endpointId',
  'eventId',
  'eventType',
  'sessionId',
  'position',
  'state',
  'nextTryAt',
  'createdAt',
  'endedAt',
  'attempts',
];
const tryMembers = ['at', 'durationSeconds', 'status', 'error'];

/** Members that no event proves, and their meaning. `[]` stands for every entry of the list. */
const unprovenWords: Readonly<Record<string, string>> = {
  'webhooks[].digest': 'the SHA-256 of each webhook as it arrived',
  'webhooks[].receivedAt': 'when each webhook arrived',
  'deliveries[].id': 'the id of each delivery',
  'deliveries[].endpointId': 'the endpoint that each event was sent to',
  'deliveries[].state': 'the state of each delivery',
  'deliveries[].nextTryAt': 'when a delivery is tried next',
  'deliveries[].createdAt': 'when each delivery was created',
  'deliveries[].endedAt': 'when each delivery ended',
  'deliveries[].attempts': 'each try: its time, its duration and its answer',
};

/** The meaning of the member, in plain words. */
export const wordsOf = (member: string): string =>
  unprovenWords[member] ?? 'the whole entry: this webhook changed nothing, so no event names it';

/** The members of this file's webhooks and deliveries that no event proves. */
export function unprovenMembers(webhooks: readonly { id: string }[], events: readonly JournalEvent[]): string[] {
  const verdicts = provenVerdicts(events);
  const unnamed = webhooks.flatMap(({ id }, nth) => (verdicts.has(id) ? [] : [`webhooks[${nth}]`]));
  return [...Object.keys(unprovenWords), ...unnamed];
}

/** @returns what is wrong with the webhooks, or null */
export function faultOfWebhooks(webhooks: unknown, events: readonly JournalEvent[]): string | null {
  if (!Array.isArray(webhooks)) return 'webhooks is not a list';
  const verdicts = provenVerdicts(events);
  const seen = new Set<string>();
  let before = '';
  for (const [nth, webhook] of webhooks.entries()) {
    const fault = faultOfWebhook(webhook, verdicts);
    if (fault !== null) return `webhooks[${nth}]: ${fault}`;
    const { id, receivedAt } = webhook as { id: string; receivedAt: string };
    const order = `${receivedAt} ${id}`;
    if (seen.has(id)) return `webhooks[${nth}]: it is listed twice`;
    if (order < before) return `webhooks[${nth}]: it is out of order (by arrival)`;
    seen.add(id);
    before = order;
  }
  const missing = events.find(({ actor }) => actor.kind === 'idenfy' && !seen.has(actor.id));
  return missing ? `webhooks: ${missing.actor.id} is missing, but the event ${missing.type} names it` : null;
}

function faultOfWebhook(webhook: unknown, verdicts: ReadonlyMap<string, string>): string | null {
  if (!isObject(webhook) || !hasMembers(webhook, webhookMembers)) return 'its members are not those of a webhook';
  const { id, digest, receivedAt, state, verdict } = webhook;
  if (typeof id !== 'string' || typeof receivedAt !== 'string' || typeof state !== 'string')
    return 'a member has the wrong type';
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return 'its digest is not a SHA-256';
  const proven = verdicts.get(id);
  if (proven === undefined) {
    const claims = typeof verdict === 'string' && recordedVerdicts.includes(verdict);
    return claims ? `its verdict is ${verdict}, but no event names it` : null;
  }
  return state === 'applied' && verdict === proven
    ? null
    : `its state is ${state} with the verdict ${JSON.stringify(verdict)}, but the events say applied with ${JSON.stringify(proven)}`;
}

/** @returns what is wrong with the deliveries, or null */
export function faultOfDeliveries(deliveries: unknown, events: readonly JournalEvent[]): string | null {
  if (!Array.isArray(deliveries)) return 'deliveries is not a list';
  const byId = new Map(events.map((event) => [event.id, event]));
  let before = '';
  for (const [nth, delivery] of deliveries.entries()) {
    const fault = faultOfDelivery(delivery, byId);
    if (fault !== null) return `deliveries[${nth}]: ${fault}`;
    const { id } = delivery as { id: string };
    if (id <= before) return `deliveries[${nth}]: it is listed twice or out of order`;
    before = id;
  }
  return null;
}

function faultOfDelivery(delivery: unknown, byId: ReadonlyMap<string, JournalEvent>): string | null {
  if (!isObject(delivery) || !hasMembers(delivery, deliveryMembers)) return 'its members are not those of a delivery';
  const { id, eventId, eventType, sessionId, position, attempts } = delivery;
  if (typeof id !== 'string' || !Array.isArray(attempts)) return 'a member has the wrong type';
  if (attempts.some((one: unknown) => !isObject(one) || !hasMembers(one, tryMembers))) {
    return 'the members of a try are not those of a try';
  }
  const event = typeof eventId === 'string' ? byId.get(eventId) : undefined;
  if (!event) return 'its event is not one of the proven events';
  const same = event.type === eventType && event.sessionId === sessionId && event.position === position;
  return same ? null : `it differs from its event ${event.id}`;
}
