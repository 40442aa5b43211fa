/** An event as a client token shows it; see user-view.ts. Pure. */
import type { Outcome } from '../attempts/outcome.js';
import type { Json } from '../core/canonical-json.js';
import { type EventType, eventTypes } from '../journal/event-types.js';
import type { EventData, JournalEvent } from '../journal/journal-event.js';
import { pick, userOutcome, userReason } from './user-view.js';

export const eventForUser = {
  id: true,
  type: true,
  platform: false,
  sessionId: true,
  attemptId: true,
  seq: true,
  position: true,
  at: true,
  actor: false,
  data: true,
  personal: false,
  personalDigest: false,
} as const satisfies Record<keyof JournalEvent, boolean>;

/** The members of `data` that the user of the session sees. `hidden`: the user does not see events of the type. */
export const eventDataForUser = {
  'session.created': ['codeLifetimeSeconds', 'maxAttempts', 'retryOn', 'sessionLifetimeSeconds'],
  'session.passed': ['reason'],
  'session.failed': ['reason'],
  'session.expired': ['reason'],
  'session.canceled': ['reason'],
  'session.rejected': ['reason'],
  'session.identification-required': ['reason'],
  'session.identified': [],
  // The status is not secret, but the rule that holds the pass is.
  'session.in-review': [],
  'attempt.requested': ['number'],
  'attempt.issued': ['number', 'from', 'issuedAt', 'expiresAt'],
  'attempt.awaiting-selfie': ['number', 'from'],
  'attempt.passed': ['number', 'from', 'outcome'],
  'attempt.retry': ['number', 'from', 'outcome'],
  'attempt.void': ['number', 'from', 'reason'],
  'attempt.late-result': 'hidden',
  'attempt.conflict': 'hidden',
  'attempt.disputed': 'hidden',
  'attempt.orphaned': 'hidden',
  'risk.flagged': 'hidden',
  // These are about all sessions of the subject, and name the rule that locked it.
  'subject.locked': 'hidden',
  'subject.released': 'hidden',
  'subject.erased': 'hidden',
  'subject.held': 'hidden',
  'subject.hold-lifted': 'hidden',
  'endpoint.created': 'hidden',
  'endpoint.updated': 'hidden',
  'endpoint.deleted': 'hidden',
  'endpoint.secret-rotated': 'hidden',
  'endpoint.disabled': 'hidden',
  'endpoint.failing': 'hidden',
  'webhook.quarantined': 'hidden',
  'review.decided': 'hidden',
  'review.claimed': 'hidden',
  'review.released': 'hidden',
  'review.noted': 'hidden',
  'review.approved': 'hidden',
  'webhook.replayed': 'hidden',
  'api-key.created': 'hidden',
  'api-key.revoked': 'hidden',
  'journal.accepted': 'hidden',
  'audit.read': 'hidden',
} as const satisfies Record<EventType, readonly string[] | 'hidden'>;

const shownData: Readonly<Record<EventType, readonly string[] | 'hidden'>> = eventDataForUser;

/** The types of events that the user of a session sees. */
export const userEventTypes: readonly EventType[] = eventTypes.filter((type) => shownData[type] !== 'hidden');

/** @throws Error if users do not see events of this type: readers must ask only for `userEventTypes` */
export function userEvent(event: JournalEvent) {
  const members = shownData[event.type];
  if (members === 'hidden') throw new Error(`${event.type} is not for users`);
  return { ...pick(event, eventForUser), data: userData(event.data, members) };
}

function userData(data: EventData, members: readonly string[]): EventData {
  const shown = Object.entries(data).filter(([name]) => members.includes(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, userValue(name, value)]));
}

function userValue(name: string, value: Json): Json {
  if (name === 'reason') return userReason(value);
  return name === 'outcome' ? { ...userOutcome(value as unknown as Outcome) } : value;
}
