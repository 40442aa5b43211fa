/** Acts of administration. Each is recorded with its actor. */
const administrationTypes = [
  'api-key.created',
  'api-key.revoked',
  'endpoint.created',
  'endpoint.updated',
  'endpoint.deleted',
  'endpoint.secret-rotated',
  // beyond the first contract: an administrator had a stored webhook of iDenfy applied again
  'webhook.replayed',
] as const;
export type AdministrationType = (typeof administrationTypes)[number];

/** What can happen, by name. The list is part of the public contract. */
export const eventTypes = [
  'session.created',
  'session.passed',
  'session.failed',
  'session.expired',
  'session.canceled',
  'session.rejected',
  'session.identification-required',
  // beyond the first contract: the user of such a session has identified anew
  'session.identified',
  'session.in-review',
  'attempt.requested',
  'attempt.issued',
  'attempt.awaiting-selfie',
  'attempt.passed',
  'attempt.retry',
  'attempt.void',
  'attempt.late-result',
  'attempt.conflict',
  'attempt.disputed',
  // beyond the first contract: iDenfy has sessions for the scanRef that no attempt uses
  'attempt.orphaned',
  'risk.flagged',
  'subject.locked',
  'subject.released',
  'subject.erased',
  // beyond the first contract: a legal hold keeps a subject from erasure
  'subject.held',
  'subject.hold-lifted',
  'endpoint.disabled',
  // beyond the first contract: an endpoint has failed for half of the time after which it is disabled
  'endpoint.failing',
  'webhook.quarantined',
  'review.decided',
  // beyond the first contract: somebody has read personal data or audit data
  'audit.read',
  // beyond the first contract: an operator has accepted an inconsistent journal
  'journal.accepted',
  // beyond the first contract: what leads to a decision
  'review.claimed',
  'review.released',
  'review.noted',
  'review.approved',
  ...administrationTypes,
] as const;
export type EventType = (typeof eventTypes)[number];

/** With one of these a session has ended. Later events of it (a late result, a dispute) change no state. */
export const finalEventTypes = [
  'session.passed',
  'session.failed',
  'session.expired',
  'session.canceled',
  'session.rejected',
  'session.identification-required',
] as const satisfies readonly EventType[];

const final: readonly EventType[] = finalEventTypes;
export const isFinalEvent = ({ type }: { type: EventType }): boolean => final.includes(type);
