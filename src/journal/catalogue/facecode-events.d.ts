/**
 * What Facecode sends: webhooks, streams and lists have events of these types. Made from the catalogue (version 1) by
 * `npm run event-types`; needs nothing else, so it may be copied. Types may be added: have a `default` in every switch.
 */

/** What all events have in common. */
interface Envelope<Type, SessionId, AttemptId, Data, Personal = null> {
  /** the same in every delivery: what came before came twice */
  id: string;
  type: Type;
  /** null if the event concerns no single platform; absent in events from before there were platforms */
  platform?: string | null;
  sessionId: SessionId;
  attemptId: AttemptId;
  /** counts per session, from 1, without gaps; null with `sessionId` */
  seq: SessionId extends string ? number : null;
  /** counts over the whole journal, from 1, without gaps */
  position: number;
  /** ISO 8601 */
  at: string;
  /** `name` and `owner` of the API key; only in events of administration and of reviews */
  actor: { kind: 'api-key' | 'client-token' | 'idenfy' | 'system'; id: string; name?: string; owner?: string | null };
  data: Data;
  /** null when there is none or it was erased */
  personal: Personal;
  /** SHA-256 (hex) of `personal` in canonical form (RFC 8785); stays when that is erased */
  personalDigest: string | null;
}

export type Outcome = {
  status: 'SUCCESS' | 'FAILED' | 'CANCELED' | 'EXPIRED';
  /** What iDenfy names, an open list. */
  failReason: string | null;
  /** Who said so; `deadline`: nobody did until the code was over. */
  source: 'webhook' | 'session-api' | 'deadline';
  /** When it was learned. */
  at: string;
};

/** A platform has asked for a session. */
export type SessionCreatedEvent = Envelope<
  'session.created',
  string,
  null,
  {
    scanRef: string;
    channels: Array<'code' | 'web' | 'sdk'>;
    codeLifetimeSeconds: number;
    maxAttempts: number;
    retryOn: Array<'failed' | 'expired' | 'canceled'>;
    sessionLifetimeSeconds: number;
    locale: string | null;
  },
  {
    /** Keeps a short value from being guessed by its digest. */
    salt: string;
    /** The platform’s own name for it. */
    reference?: string;
    metadata?: Record<string, string>;
    initiator?: { ip?: string; userAgent?: string };
  } | null
>;

/** Final: the face matched. */
export type SessionPassedEvent = Envelope<
  'session.passed',
  string,
  null,
  { /** Always null. */ reason: string | null }
>;

/** Final: no pass, and no further attempt. */
export type SessionFailedEvent = Envelope<
  'session.failed',
  string,
  null,
  {
    /** `attempts-exhausted`, `lifetime-over`, `subject-locked`, `failed-in-review`, or why no code could be had. */
    reason: string | null;
  }
>;

/** Final: no pass; the last outcome was EXPIRED. */
export type SessionExpiredEvent = Envelope<
  'session.expired',
  string,
  null,
  { /** `attempts-exhausted`, `lifetime-over` or `subject-locked`. */ reason: string | null }
>;

/** Final: canceled by the platform. */
export type SessionCanceledEvent = Envelope<
  'session.canceled',
  string,
  null,
  { /** Always null. */ reason: string | null }
>;

/** Final: there never was a code. */
export type SessionRejectedEvent = Envelope<
  'session.rejected',
  string,
  null,
  { /** `scan-ref-not-found`, `not-eligible` or `provider-rejected`. */ reason: string | null }
>;

/** Final: the person has to identify anew, and there never was a code. */
export type SessionIdentificationRequiredEvent = Envelope<
  'session.identification-required',
  string,
  null,
  {
    /** Always `identification-required`. */
    reason: string | null;
    /** The scanRef of the identification that iDenfy prepared (IDENTIFICATION_FALLBACK). Absent if iDenfy refused it or its answer was lost. */
    identificationScanRef?: string;
  }
>;

/** The person of such a session has identified anew. Comes after the final event. */
export type SessionIdentifiedEvent = Envelope<
  'session.identified',
  string,
  null,
  { /** The new scanRef, for the next session. */ scanRef: string }
>;

/** A pass is held. */
export type SessionInReviewEvent = Envelope<
  'session.in-review',
  string,
  null,
  {
    /** `confirming`: held until iDenfy confirms it. Held until a person decides: `disputed`, `unconfirmed`, `subject-locked`, or a signal of SIGNALS_HOLD. */
    reason: string | null;
  }
>;

/** A code is being requested from iDenfy. */
export type AttemptRequestedEvent = Envelope<
  'attempt.requested',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** What led to it. */
    because: 'created' | 'asked' | 'failed' | 'expired' | 'canceled';
  }
>;

/** iDenfy gave the code. */
export type AttemptIssuedEvent = Envelope<
  'attempt.issued',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** Its state until then. */
    from: 'requested' | 'issued' | 'awaiting-selfie';
    issuedAt: string;
    /** When the code is over. */
    expiresAt: string;
  }
>;

/** The code was handed out. */
export type AttemptAwaitingSelfieEvent = Envelope<
  'attempt.awaiting-selfie',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** Its state until then. */
    from: 'requested' | 'issued' | 'awaiting-selfie';
  }
>;

/** The face matched. */
export type AttemptPassedEvent = Envelope<
  'attempt.passed',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** Its state until then. */
    from: 'requested' | 'issued' | 'awaiting-selfie';
    outcome: Outcome;
  },
  {
    /** Keeps a short value from being guessed by its digest. */
    salt: string;
    /** Address from which the selfie came. */
    selfieIp: string | null;
    /** What iDenfy noticed. */
    riskTags: Array<string>;
  } | null
>;

/** It did not pass. A new attempt follows while some are left. */
export type AttemptRetryEvent = Envelope<
  'attempt.retry',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** Its state until then. */
    from: 'requested' | 'issued' | 'awaiting-selfie';
    outcome: Outcome;
  },
  {
    /** Keeps a short value from being guessed by its digest. */
    salt: string;
    /** Address from which the selfie came. */
    selfieIp: string | null;
    /** What iDenfy noticed. */
    riskTags: Array<string>;
  } | null
>;

/** It ended without a verdict. */
export type AttemptVoidEvent = Envelope<
  'attempt.void',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** Its state until then. */
    from: 'requested' | 'issued' | 'awaiting-selfie';
    /** `superseded`, `canceled`, `lifetime-over`, or why no code could be had. */
    reason: string;
    /** What iDenfy said, where no code could be had. */
    detail?: string;
  }
>;

/** A result came after we had ended the attempt. It grants nothing. */
export type AttemptLateResultEvent = Envelope<
  'attempt.late-result',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** The state of the attempt, which stays. */
    state: string;
    /** Why it does not count; the first that applies. */
    reason: 'mismatched-session' | 'session-closed' | 'superseded' | 'already-final' | 'not-allowed-from-state';
    outcome: Outcome;
    earlier: Outcome | null;
  },
  {
    /** Keeps a short value from being guessed by its digest. */
    salt: string;
    /** Address from which the selfie came. */
    selfieIp: string | null;
    /** What iDenfy noticed. */
    riskTags: Array<string>;
  } | null
>;

/** A result contradicts an earlier one, or what was asked for. It grants nothing. */
export type AttemptConflictEvent = Envelope<
  'attempt.conflict',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** The state of the attempt, which stays. */
    state: string;
    /** Why it does not count; the first that applies. */
    reason: 'mismatched-session' | 'session-closed' | 'superseded' | 'already-final' | 'not-allowed-from-state';
    outcome: Outcome;
    earlier: Outcome | null;
  },
  {
    /** Keeps a short value from being guessed by its digest. */
    salt: string;
    /** Address from which the selfie came. */
    selfieIp: string | null;
    /** What iDenfy noticed. */
    riskTags: Array<string>;
  } | null
>;

/** iDenfy’s session API does not confirm the pass that its webhook reported (CONFIRM_PASS, or a late pass). */
export type AttemptDisputedEvent = Envelope<
  'attempt.disputed',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    said: 'rejected' | 'undecided' | 'unknown-token';
  }
>;

/** iDenfy has sessions for this scanRef that no attempt uses or will use. Either the answer to a create call was lost or had no usable code, or the attempt ended before its code came, or the sessions belong to another product on the same account. */
export type AttemptOrphanedEvent = Envelope<
  'attempt.orphaned',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** Number of sessions found. */
    count: number;
  }
>;

/** A reviewer has claimed a held pass for a while. */
export type ReviewClaimedEvent = Envelope<
  'review.claimed',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** When the claim ends by itself. */
    until: string;
  }
>;

/** The reviewer has given the held pass back. */
export type ReviewReleasedEvent = Envelope<
  'review.released',
  string,
  string,
  { /** Which attempt of the session, from 1. */ number: number }
>;

/** A reviewer has written a note. */
export type ReviewNotedEvent = Envelope<
  'review.noted',
  string,
  string,
  { /** Which attempt of the session, from 1. */ number: number },
  { /** Keeps a short value from being guessed by its digest. */ salt: string; note: string } | null
>;

/** One reviewer would grant the held pass; another one is needed (REVIEW_FOUR_EYES). */
export type ReviewApprovedEvent = Envelope<
  'review.approved',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    /** How many more. */
    reviewersNeeded: number;
  },
  { /** Keeps a short value from being guessed by its digest. */ salt: string; /** Why. */ note: string } | null
>;

/** A person has decided on a held pass. */
export type ReviewDecidedEvent = Envelope<
  'review.decided',
  string,
  string,
  {
    /** Which attempt of the session, from 1. */
    number: number;
    decision: 'pass' | 'fail';
    /** Ids of the API keys that had approved before (REVIEW_FOUR_EYES). */
    approvedBy?: Array<string>;
  },
  { /** Keeps a short value from being guessed by its digest. */ salt: string; /** Why. */ note: string } | null
>;

/** Something that a fraud team should look at; which facts come with it depends on the signal. */
export type RiskFlaggedEvent = Envelope<
  'risk.flagged',
  string,
  string | null,
  {
    /** The name of the signal; an open list. */
    signal: string;
    /** Which attempt of the session, from 1. */
    number?: number;
    /** iDenfy’s (presentation-attack, duplicate-image). */
    failReason?: string;
    /** iDenfy’s (untrusted-environment). */
    riskTag?: string;
    /** From handing the code out to the result (too-fast). */
    seconds?: number;
    tooFastSeconds?: number;
    /** Of both addresses, which differ in them (different-network). */
    comparedBits?: number;
    /** What there were too many sessions of (velocity). */
    by?: Array<'scanRef' | 'initiator'>;
    /** So many sessions are fine (velocity). */
    moreThan?: number;
    windowSeconds?: number;
    /** Seconds from the expiry of the code to the arrival of the pass (late-result). */
    secondsAfterExpiry?: number;
    /** Seconds after the expiry of its code in which a pass is still in time (late-result). */
    graceSeconds?: number;
    /** Of a subject that is about to be locked. */
    scanRef?: string;
    /** FAILED in a row, over all sessions of the scanRef. */
    consecutiveFailures?: number;
    /** So many lock the subject. */
    lockAfterFailures?: number;
  },
  {
    /** Keeps a short value from being guessed by its digest. */
    salt: string;
    initiatorIp?: string;
    selfieIp?: string;
  } | null
>;

/** Too many failures in a row: no new code for a while, or until a release. */
export type SubjectLockedEvent = Envelope<
  'subject.locked',
  string,
  null,
  {
    scanRef: string;
    /** FAILED in a row, over all sessions of the scanRef. */
    consecutiveFailures: number;
    /** Null: only a release ends the lock. */
    lockedUntil: string | null;
    lockSeconds: number | null;
  }
>;

/** A person has ended a lock. */
export type SubjectReleasedEvent = Envelope<
  'subject.released',
  null,
  null,
  {
    scanRef: string;
    /** FAILED in a row, over all sessions of the scanRef. */
    consecutiveFailures: number;
    /** Locks since the last pass or release. */
    locks: number;
    /** When the lock would have ended. Null: only a release could end it. */
    lockedUntil: string | null;
  }
>;

/** The personal data of a subject was erased, and its keys were destroyed. Each platform with sessions of the subject gets an event about its own sessions. */
export type SubjectErasedEvent = Envelope<
  'subject.erased',
  null,
  null,
  {
    scanRef: string;
    /** An administrator asked, or the sessions were old. */
    because: 'asked' | 'retention';
    /** When the subject was first erased; a restored backup had brought it back (`facecode erase --replay`). */
    again?: string;
    /** Sessions whose personal data was erased. */
    sessions: number;
    keysDestroyed: number;
    /** Ids of the endpoints that had received events of these sessions. */
    endpoints: Array<string>;
  }
>;

/** A legal hold keeps the subject from erasure. */
export type SubjectHeldEvent = Envelope<'subject.held', null, null, { scanRef: string }>;

/** The legal hold of a subject was lifted. */
export type SubjectHoldLiftedEvent = Envelope<'subject.hold-lifted', null, null, { scanRef: string }>;

/** Personal data or audit data was read. Reads of one kind within a minute are recorded as one event. */
export type AuditReadEvent = Envelope<
  'audit.read',
  null,
  null,
  {
    /** What was read, for example `attempts.search`. */
    route: string;
    /** The names and values of the filter; `given` stands for a value that is personal data. `other`: too many different filters. */
    filter: Record<string, string> | 'other';
    /** Number of answers. Each part of a stream that is sent at once counts as one. */
    reads: number;
    /** Number of rows in all of them. */
    rows: number;
    /** If events were read: the first position. */
    firstPosition?: number;
    /** If events were read: the last position. */
    lastPosition?: number;
    firstAt: string;
    lastAt: string;
  }
>;

/** An operator has accepted an inconsistent journal (`facecode journal accept`). The events listed here were set aside: the service does not vouch for them. */
export type JournalAcceptedEvent = Envelope<
  'journal.accepted',
  null,
  null,
  {
    /** Number of sealed events when the journal was accepted. */
    size: number;
    /** Root of the accepted tree (base64). */
    root: string;
    /** Number of acceptances so far, with this one. */
    acceptance: number;
    /** The first fault, as `GET /v1/journal/verify` names it; null: it found no fault any more. */
    reason: string | null;
    /** Positions of sealed events that are missing or were changed, such as `7, 9-12`; empty: none. */
    positions: string;
    /** Ids of events that waited to be sealed and that the service had not recorded. */
    events: Array<string>;
    known: { size: number; root: string } | null;
  }
>;

/** A webhook endpoint gets no deliveries any more. */
export type EndpointDisabledEvent = Envelope<
  'endpoint.disabled',
  null,
  null,
  {
    endpointId: string;
    /** The first failure since the last success. */
    failingSince: string;
    /** Of its last answer; null: there was none. */
    lastStatus: number | null;
    /** Why there was no answer, or not all of it in time. */
    lastError: string | null;
    /** `gone`: it answered 410; `failing`: for five days nothing but failures. */
    reason: 'gone' | 'failing';
  }
>;

/** A webhook endpoint has failed for half of the time after which it is disabled. */
export type EndpointFailingEvent = Envelope<
  'endpoint.failing',
  null,
  null,
  {
    endpointId: string;
    /** The first failure since the last success. */
    failingSince: string;
    /** Of its last answer; null: there was none. */
    lastStatus: number | null;
    /** Why there was no answer, or not all of it in time. */
    lastError: string | null;
    /** When it will be disabled, if it goes on like this. */
    disabledAt: string;
  }
>;

/** A signed webhook from iDenfy could not be read or applied. */
export type WebhookQuarantinedEvent = Envelope<
  'webhook.quarantined',
  null,
  null,
  {
    webhookId: string;
    /** SHA-256 of its body, in hex. */
    digest: string;
    /** What its header called it. */
    eventType: string | null;
    reason: string;
  }
>;

/** An API key was made: through the API, on the command line, or at start (the bootstrap key). */
export type ApiKeyCreatedEvent = Envelope<
  'api-key.created',
  null,
  null,
  {
    /** Id of the key. */
    keyId: string;
    /** Name of the key. */
    name: string;
    /** The person or system that holds the key. */
    owner: string | null;
    scopes: Array<string>;
    /** The platform whose data the key may use; `*`: all platforms. */
    platform: string;
    /** Id of the key that made it; null for the bootstrap key and keys made on the command line. */
    createdBy: string | null;
    expiresAt: string | null;
  }
>;

/** An API key was revoked, or it was the bootstrap key and was replaced. */
export type ApiKeyRevokedEvent = Envelope<
  'api-key.revoked',
  null,
  null,
  {
    /** Id of the key. */
    keyId: string;
    /** Name of the key. */
    name: string;
    /** The person or system that holds the key. */
    owner: string | null;
    scopes: Array<string>;
    /** The platform whose data the key may use; `*`: all platforms. */
    platform: string;
  }
>;

/** A webhook endpoint was registered. The endpoint itself does not get this event. */
export type EndpointCreatedEvent = Envelope<
  'endpoint.created',
  null,
  null,
  {
    endpointId: string;
    /** The platform whose events the endpoint receives; `*`: all platforms. */
    platform: string;
    /** Scheme, host and port of its URL. The rest may be secret. */
    origin: string;
    /** SHA-256 of its whole URL, in hex. */
    urlDigest: string;
    eventTypes: Array<string>;
    disabled: boolean;
  }
>;

/** A webhook endpoint was changed, disabled or enabled. */
export type EndpointUpdatedEvent = Envelope<
  'endpoint.updated',
  null,
  null,
  {
    endpointId: string;
    /** The platform whose events the endpoint receives; `*`: all platforms. */
    platform: string;
    /** Scheme, host and port of its URL. The rest may be secret. */
    origin: string;
    /** SHA-256 of its whole URL, in hex. */
    urlDigest: string;
    eventTypes: Array<string>;
    disabled: boolean;
    /** The fields that changed. */
    changed: Array<'url' | 'eventTypes' | 'description' | 'disabled'>;
  }
>;

/** A webhook endpoint was deleted. */
export type EndpointDeletedEvent = Envelope<
  'endpoint.deleted',
  null,
  null,
  {
    endpointId: string;
    /** The platform whose events the endpoint receives; `*`: all platforms. */
    platform: string;
    /** Scheme, host and port of its URL. The rest may be secret. */
    origin: string;
    /** SHA-256 of its whole URL, in hex. */
    urlDigest: string;
    eventTypes: Array<string>;
    disabled: boolean;
  }
>;

/** A webhook endpoint got a new secret. */
export type EndpointSecretRotatedEvent = Envelope<
  'endpoint.secret-rotated',
  null,
  null,
  {
    endpointId: string;
    /** The platform whose events the endpoint receives; `*`: all platforms. */
    platform: string;
    /** Scheme, host and port of its URL. The rest may be secret. */
    origin: string;
    /** SHA-256 of its whole URL, in hex. */
    urlDigest: string;
    eventTypes: Array<string>;
    disabled: boolean;
    /** How long the old secret still signs beside the new one. */
    overlapSeconds: number;
  }
>;

/** A stored webhook of iDenfy was applied again. */
export type WebhookReplayedEvent = Envelope<
  'webhook.replayed',
  null,
  null,
  {
    webhookId: string;
    /** SHA-256 of its body, in hex. */
    digest: string;
    /** The attempt that the webhook belongs to. */
    attemptId: string | null;
    /** Its state before the replay. */
    stateBefore: string;
    /** Its state after the replay. */
    state: string;
    /** What the service decided about its result. */
    verdict: string | null;
  }
>;

/** Any event; its `type` tells which. */
export type FacecodeEvent =
  | SessionCreatedEvent
  | SessionPassedEvent
  | SessionFailedEvent
  | SessionExpiredEvent
  | SessionCanceledEvent
  | SessionRejectedEvent
  | SessionIdentificationRequiredEvent
  | SessionIdentifiedEvent
  | SessionInReviewEvent
  | AttemptRequestedEvent
  | AttemptIssuedEvent
  | AttemptAwaitingSelfieEvent
  | AttemptPassedEvent
  | AttemptRetryEvent
  | AttemptVoidEvent
  | AttemptLateResultEvent
  | AttemptConflictEvent
  | AttemptDisputedEvent
  | AttemptOrphanedEvent
  | ReviewClaimedEvent
  | ReviewReleasedEvent
  | ReviewNotedEvent
  | ReviewApprovedEvent
  | ReviewDecidedEvent
  | RiskFlaggedEvent
  | SubjectLockedEvent
  | SubjectReleasedEvent
  | SubjectErasedEvent
  | SubjectHeldEvent
  | SubjectHoldLiftedEvent
  | AuditReadEvent
  | JournalAcceptedEvent
  | EndpointDisabledEvent
  | EndpointFailingEvent
  | WebhookQuarantinedEvent
  | ApiKeyCreatedEvent
  | ApiKeyRevokedEvent
  | EndpointCreatedEvent
  | EndpointUpdatedEvent
  | EndpointDeletedEvent
  | EndpointSecretRotatedEvent
  | WebhookReplayedEvent;

/** The event of a type. */
export type EventOf<Type extends FacecodeEvent['type']> = Extract<FacecodeEvent, { type: Type }>;
