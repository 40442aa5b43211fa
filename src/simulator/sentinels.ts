/**
 * The failures a person can ask for by typing a scanRef. The one table: the routes act on its names, the start page and
 * the command print it, a test holds README.md to it.
 */

export interface Sentinel {
  readonly name: string;
  /** what the simulator does when a scanRef begins like this */
  readonly does: string;
  /** for those that wait: how long, unless the scanRef says otherwise */
  readonly defaultSeconds?: number;
}

export const sentinels = [
  { name: 'not-found', does: 'The eligibility check answers 404: the scanRef is gone.' },
  { name: 'must-identify', does: 'The eligibility check answers IDENTIFICATION: the user must identify anew.' },
  {
    name: 'identify-cut',
    does: 'The eligibility check answers IDENTIFICATION. The identification is made, but the connection is lost instead of the answer.',
  },
  {
    name: 'identify-conflict',
    does: 'The eligibility check answers IDENTIFICATION. The identification is refused with 409: its `clientId` is taken.',
  },
  {
    name: 'identify-internal-error',
    does: 'The eligibility check answers IDENTIFICATION. The identification is refused once, with 400 `INTERNAL_ERROR`.',
  },
  { name: 'enrollment', does: 'The eligibility check answers the legacy ENROLLMENT.' },
  { name: 'check-500', does: 'The eligibility check answers 500 without a body to the first two tries.' },
  { name: 'slow', defaultSeconds: 8, does: 'The session is made at once, but its answer comes some seconds later.' },
  { name: 'error-500-twice', does: 'The create call answers 500 to the first two tries.' },
  { name: 'html-error', does: 'The create call answers 503 with an HTML page to the first try.' },
  { name: 'rate-limit', does: 'The create call answers 429 with `Retry-After: 1` to the first try.' },
  { name: 'too-many-400', does: 'The create call answers 400 `TOO_MANY_REQUESTS` to the first try.' },
  { name: 'no-credits', does: 'The create call answers 402.' },
  { name: 'forbidden', does: 'The create call answers 403.' },
  { name: 'bad-value', does: 'The create call answers 400 `BAD_VALUE`.' },
  { name: 'contract-error', does: 'The create call answers 400 `PARTNER_CONTRACT_ERROR`.' },
  { name: 'internal-error', does: 'The create call answers 400 `INTERNAL_ERROR` to the first two tries.' },
  {
    name: 'field-errors',
    does: 'The create call answers 400 `VALIDATION_ERROR`. Its `message` is an object with a list of errors for each field.',
  },
  {
    name: 'cut-twice',
    does: 'The first two create calls each make a session, then lose the connection instead of answering.',
  },
  { name: 'cut', does: 'The first create call makes a session, then loses the connection instead of answering.' },
  { name: 'refuse-list', does: 'Like `sim-cut`, and the list of sessions answers 403 while one of these is open.' },
  { name: 'unknown-500', does: 'The first create call makes a session, then answers 500.' },
  { name: 'seven-digits', does: 'The code has seven digits.' },
  { name: 'leading-zero', does: 'The code begins with 0.' },
  { name: 'number-code', does: 'The code comes as a JSON number.' },
  { name: 'no-digits', does: 'No code comes, although one was requested.' },
  { name: 'null-digits', does: 'The code is null, although one was requested.' },
  { name: 'created-201', does: 'The create call answers 201 instead of 200.' },
  {
    name: 'short-lifetime',
    defaultSeconds: 60,
    does: 'The session lives no longer than some seconds, and the create answer says so.',
  },
  { name: 'auth-token', does: 'The create answer calls the token `authToken`.' },
  { name: 'token-string', does: 'The create answer calls the token `tokenString`.' },
  { name: 'silent', does: 'No webhook ever comes; only the session API has the verdict.' },
  { name: 'late', defaultSeconds: 5, does: 'The webhook comes some seconds after the end of the session.' },
  { name: 'duplicate', does: 'The webhook comes twice, byte for byte the same.' },
  {
    name: 'conflicting',
    does: 'After SUCCESS a FAILED webhook follows with the same token, and after FAILED a SUCCESS.',
  },
  {
    name: 'reordered',
    does: 'The session ends by itself: its SUCCESS webhook comes before the create call is answered.',
  },
  { name: 'unsigned', does: 'The webhook has no signature.' },
  { name: 'bad-signature', does: 'The webhook is signed with another key.' },
  { name: 'tokenless', does: 'The webhook has no token.' },
  { name: 'no-event-type', does: 'The webhook has no `Idenfy-Event-Type`.' },
  { name: 'pending', does: 'A webhook with the status `Pending` comes first, then the one with the outcome.' },
  { name: 'minimal', does: 'The webhook has the short shape: no id, failReason, ipAddress or riskTags.' },
  { name: 'disagree', does: 'The webhook says SUCCESS, the session API says `false`.' },
  { name: 'approved-null', does: 'The webhook has the verdict, but the session API still answers `null`.' },
  { name: 'api-404', does: 'The session API answers 404 for the token.' },
  { name: 'api-500-twice', does: 'The session API answers 500 to the first two tries for the token.' },
  { name: 'api-unclear', does: 'The session API answers without `approved`.' },
  { name: 'title-case', does: 'The status of the webhook is spelled like `Success`.' },
  { name: 'cancelled-double-l', does: 'The status of the webhook is spelled `CANCELLED`.' },
] as const satisfies readonly Sentinel[];

// The first matching name counts. If one name is the beginning of another, the longer one must come first.
export type SentinelName = (typeof sentinels)[number]['name'];

export interface Wish {
  readonly name: SentinelName;
  /** for those that wait, else 0 */
  readonly seconds: number;
}

/** What a person types: `sim-<name>`, for those that wait `-<seconds>`, then `-anything` to make it one's own. */
function patternOf(sentinel: Sentinel): RegExp {
  // Four digits and more are no seconds, so that a unique ending made of a long number does not wait for hours.
  const seconds = sentinel.defaultSeconds === undefined ? '' : String.raw`(?:-(\d{1,3}(?:\.\d+)?))?`;
  return new RegExp(`^sim-${sentinel.name}${seconds}(?:-|$)`);
}

/** The same for the eye. */
export function formOf(sentinel: Sentinel): string {
  return `sim-${sentinel.name}${sentinel.defaultSeconds === undefined ? '' : '[-seconds]'}`;
}

/** The sentence with the default, where there is one. */
export function sentenceOf(sentinel: Sentinel): string {
  return sentinel.defaultSeconds === undefined
    ? sentinel.does
    : `${sentinel.does} Default: ${sentinel.defaultSeconds}.`;
}

/** @returns null for a scanRef that asks for nothing: the simulator behaves well */
export function wishOf(scanRef: string): Wish | null {
  for (const sentinel of sentinels as readonly (Sentinel & { name: SentinelName })[]) {
    const match = patternOf(sentinel).exec(scanRef);
    if (match) return { name: sentinel.name, seconds: Number(match[1] ?? sentinel.defaultSeconds ?? 0) };
  }
  return null;
}
