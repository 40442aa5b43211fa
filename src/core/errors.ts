/**
 * Every error a caller can meet, once: its status, its title and the text of its page under /problems/<code>.
 * RFC 9457. Messages of a single occurrence (`detail`) never hold a code, a secret or personal data.
 */
export const problems = {
  'invalid-request': {
    status: 400,
    title: 'The request does not validate',
    help: 'A field of the body, the query or the path is missing, malformed or unknown. `errors` names each one. Unknown fields are refused so that a misspelled one is not silently ignored.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credentials',
    help: 'The API needs `Authorization: Bearer fc_…`. `detail` says what is wrong: no key was sent, the API key is unknown or was revoked, or it has expired. A client token (`fct_…`) reads its own session until 15 minutes after the end of that session. Later it gets this error; let your server read the session with an API key. At the webhook receiver, `Idenfy-Signature` is missing, malformed, or was not made with one of IDENFY_WEBHOOK_KEYS over the exact bytes that arrived.',
  },
  forbidden: {
    status: 403,
    title: 'The key may not do this',
    help: 'The API key is valid but may not do this. `detail` says why. The key lacks the scope that the operation needs. Or the key belongs to one platform, and the operation concerns all platforms: use a key with the platform `*`. Or, with REVIEW_FOUR_EYES=on, the key cannot be one of the two that grant a held pass.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    help: 'There is no such resource for you. Unknown, malformed and foreign ids get the same answer.',
  },
  'idempotency-mismatch': {
    status: 409,
    title: 'Idempotency-Key used with other parameters',
    help: 'The same `Idempotency-Key` came earlier with another body. Use a new key for a new request.',
  },
  'idempotency-in-flight': {
    status: 409,
    title: 'The first request with this Idempotency-Key is not finished',
    help: 'Wait a moment and repeat the same request: once the first one is finished its answer is replayed.',
  },
  'session-closed': {
    status: 409,
    title: 'The session is in a final state',
    help: 'The session has passed, failed or expired, or it was canceled or rejected. Create a new one. A request for a new code also gets this answer while a pass is held for review.',
  },
  'no-live-code': {
    status: 409,
    title: 'There is no code to reveal now',
    help: 'The current attempt has no code yet, has ended, or its code is over. Read the session to see which.',
  },
  'not-in-review': {
    status: 409,
    title: 'The session does not wait for a review',
    help: 'Only a session with status `in-review` can be decided by a person.',
  },
  'limit-reached': {
    status: 409,
    title: 'No more of them may be created',
    help: 'A platform may have up to 250 endpoints. Endpoints of the platform `*` have a limit of 250 of their own. Delete an endpoint that you no longer need.',
  },
  'endpoint-disabled': {
    status: 409,
    title: 'The endpoint is disabled',
    help: 'Nothing is sent to a disabled endpoint. Enable it first: `PATCH /v1/endpoints/{id}` with `{"disabled": false}`. `disabledReason` of the endpoint says why it is disabled.',
  },
  'review-claimed': {
    status: 409,
    title: 'Claimed by another reviewer',
    help: 'Another API key has claimed this review. Wait until the claim is released or has run out, or ask its holder.',
  },
  'second-reviewer-needed': {
    status: 409,
    title: 'A second reviewer is needed',
    help: 'With REVIEW_FOUR_EYES=on two people must grant a held pass, and this API key does not count as the second one. `detail` says why: this key or its owner has already approved the pass, or one of the two keys was made by the other key or by its owner.',
  },
  'attempts-exhausted': {
    status: 409,
    title: 'No attempt is left',
    help: 'The session has used all its attempts (`maxAttempts`). Create a new session.',
  },
  'legal-hold': {
    status: 409,
    title: 'The subject is under a legal hold',
    help: 'Nothing of the subject is erased while the hold lasts. `DELETE /v1/subjects/{scanRef}/legal-hold` lifts it.',
  },
  'payload-too-large': {
    status: 413,
    title: 'The body is too large',
    help: 'Bodies may have up to 64 KB.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    help: 'Send `Content-Type: application/json`, not compressed.',
  },
  'scan-ref-not-found': {
    status: 422,
    title: 'iDenfy does not know the scanRef',
    help: 'The scanRef was never verified successfully with this iDenfy account, or its data was deleted there. The person has to identify anew.',
  },
  'not-eligible': {
    status: 422,
    title: 'iDenfy does not allow a face authentication for the scanRef',
    help: 'iDenfy answered the eligibility check with something other than AUTHENTICATION or IDENTIFICATION.',
  },
  'subject-locked': {
    status: 423,
    title: 'Too many consecutive failures',
    help: 'The subject is locked after too many failed attempts. `Retry-After` says when to try again. If `GET /v1/subjects/{scanRef}` shows `locked: true` and `lockedUntil: null`, only a release ends the lock.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    help: 'Slow down; `Retry-After` says when to try again. `detail` names the limit, unless it is the number of requests. On one process of the service, an API key may have up to 1,000 open streams and 500 waiting requests for events (`wait`). A client token may have 10 open streams.',
  },
  'internal-error': {
    status: 500,
    title: 'Unexpected error',
    help: 'A fault of ours. The `requestId` finds it in the logs.',
  },
  'provider-rejected': {
    status: 502,
    title: 'iDenfy refused for good',
    help: 'iDenfy refused the request in a way that repeating does not change: wrong credentials (401), no credits (402), not permitted (403), the feature is not in the contract, or the request was called wrong (400). An operator has to look at the iDenfy account and the settings.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    help: 'The service sheds load; `Retry-After` says when to try again. Searches, lists, exports and verification share a few connections to the database. A request is refused if none of them is free in time, or if its query takes too long. Try later, or ask for less, such as a shorter period.',
  },
  unavailable: {
    status: 503,
    title: 'Temporarily unavailable',
    help: 'The database is unreachable, the process is starting or stopping, or nothing is signed at the moment because the journal is inconsistent (`detail` says so). Nothing was accepted; repeat the request after `Retry-After`.',
  },
} as const satisfies Record<string, { status: number; title: string; help: string }>;

export type ProblemCode = keyof typeof problems;

export interface FieldError {
  field: string;
  message: string;
}

export interface ProblemExtras {
  /** What happened this time, for a person. */
  detail?: string;
  errors?: readonly FieldError[];
  /** The session that the refused request has created. */
  sessionId?: string;
  retryAfterSeconds?: number;
}

/** Thrown at the HTTP edge only; services return refusals. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly extras: ProblemExtras = {},
  ) {
    super(extras.detail ?? problems[code].title);
    this.name = 'Problem';
  }

  get status(): number {
    return problems[this.code].status;
  }
}

/** The body of a problem document (RFC 9457). `type` is relative to the service's own address. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  requestId?: string;
  sessionId?: string;
  errors?: readonly FieldError[];
}

export function problemDocument(code: ProblemCode, extras: ProblemExtras, requestId?: string): ProblemDocument {
  const { status, title, help } = problems[code];
  return {
    type: `/problems/${code}`,
    title,
    status,
    code,
    detail: extras.detail ?? help,
    ...(requestId === undefined ? {} : { requestId }),
    ...(extras.sessionId === undefined ? {} : { sessionId: extras.sessionId }),
    ...(extras.errors === undefined ? {} : { errors: extras.errors }),
  };
}
