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
  // beyond the first contract: a create call whose answer was lost had made a session that nobody can use
  'attempt.orphaned',
  'risk.flagged',
  'subject.locked',
  'subject.released',
  'subject.erased',
  'endpoint.disabled',
  // beyond the first contract: an endpoint has failed for half of the time after which it is disabled
  'endpoint.failing',
  'webhook.quarantined',
  'review.decided',
] as const;
export type EventType = (typeof eventTypes)[number];
