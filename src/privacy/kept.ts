/** What an erasure looks at and leaves, and why. The certificate lists each place with its count. */

/** In the order of the certificate. */
export const keptPlaces = [
  {
    name: 'sessions',
    what: 'sessions under the scanRef, which is a pseudonym of iDenfy, and the scanRefs of identifications they asked for',
    where:
      'sessions.scan_ref, sessions.identification_scan_ref, sessions.locale, sessions.status, sessions.reason, sessions.client_token_digest, sessions.created_by',
    why: 'what happened stays provable; without iDenfy’s account nobody can tell whose scanRef it is',
  },
  {
    name: 'attempts',
    what: 'attempts with their outcomes and signals, digests of tokens and last two digits of codes',
    where:
      'attempts.scan_ref, attempts.outcome, attempts.signals, attempts.reason, attempts.token_digest, attempts.code_hint',
    why: 'what happened stays provable, and a late result finds its attempt by the digest',
  },
  {
    name: 'secrets',
    what: 'codes and tokens of attempts that have not ended, and tokens of passes that are not confirmed yet',
    where: 'attempts.secret_sealed',
    why: 'an erasure does not end a session; they are wiped when the attempt has ended and its pass is confirmed',
  },
  {
    name: 'events',
    what: 'journal events without their personal data',
    where: 'events.actor, events.data, events.personal_digest',
    why: 'what happened stays provable; of personal data only salted digests remain, and the salts are erased with it',
  },
  {
    name: 'keys',
    what: 'records of the subject’s destroyed keys',
    where: 'subject_keys.scan_ref, subject_keys.key_sealed',
    why: 'they say when the keys were destroyed; the keys themselves are gone',
  },
  {
    name: 'subject',
    what: 'the count of failures in a row, by platform too, locks and the last ten outcomes',
    where: 'subjects.scan_ref, subjects.last_outcomes, subjects.failures_by_platform',
    why: 'otherwise an erasure would end a lock',
  },
  {
    name: 'webhooks',
    what: 'records of received webhooks: type, time, what became of them, digests of body and token',
    where: 'webhooks.digest, webhooks.token_digest, webhooks.event_type, webhooks.verdict',
    why: 'a webhook that comes again is recognised by its digest',
  },
  {
    name: 'unnamed',
    what: 'bodies of webhooks that name neither this scanRef nor the token of an attempt: of other or unknown subjects',
    where: 'webhooks.body_sealed',
    why: 'nothing in them says whose they are; they are deleted after WEBHOOK_BODY_RETENTION_DAYS',
  },
  {
    name: 'waiting',
    what: 'bodies of webhooks of the subject that were not applied yet',
    where: 'webhooks.body_sealed',
    why: 'they are deleted within about ten minutes after they were applied',
  },
  {
    name: 'orphans',
    what: 'digests of tokens of sessions at iDenfy that no attempt uses',
    where: 'orphans.token_digest',
    why: 'nobody can compute them without the token',
  },
  {
    name: 'deliveries',
    what: 'records of deliveries to consumers, without their answers; what was delivered is with the consumers',
    where: 'deliveries.session_id, deliveries.event_id, delivery_attempts.error',
    why: 'they prove which endpoints got the events; subject.erased is delivered to the same endpoints',
  },
  {
    name: 'answers',
    what: 'answers of consumers to events that name no subject',
    where: 'delivery_attempts.response_sealed',
    why: 'nothing says whether they are about the subject',
  },
  {
    name: 'refusals',
    what: 'idempotency keys of requests that made no session, because a subject was locked',
    where: 'idempotency_keys.key, idempotency_keys.request_digest, idempotency_keys.answer_sealed',
    why: 'nothing says which subject they were about; they are deleted after 24 hours',
  },
  {
    name: 'reviews',
    what: 'which API keys claimed and approved reviews; their notes are personal data of events',
    where: 'review_claims.claimed_by, review_approvals.approved_by, review_approvals.reason',
    why: 'they are about the reviewers',
  },
  {
    name: 'holds',
    what: 'legal holds',
    where: 'legal_holds.scan_ref, legal_holds.reason_sealed, legal_holds.placed_by',
    why: 'none is left: an erasure is refused while there is one, and lifting it deletes it with its reason',
  },
] as const;

export type KeptName = (typeof keptPlaces)[number]['name'];

/** Places that the service cannot look at. */
export const outside = [
  'logs of the service: they have ids and scanRefs, and no personal data',
  'backups, exports and evidence files that were made before: src/privacy/README.md says how to erase again after a restore',
  'data at iDenfy and at your platform and its consumers',
] as const;
