/** What a consumer of events can do wrong, each on its own. */
export const faults = [
  { name: 'accepts-unsigned', does: 'takes an event that has no signature' },
  { name: 'accepts-any-signature', does: 'looks at the form of a signature only' },
  { name: 'ignores-timestamp', does: 'takes a signed event of any age' },
  { name: 'signature-over-parsed', does: 'verifies JSON that it parsed and wrote again, not the bytes that came' },
  { name: 'first-signature-only', does: 'looks at the first of several signatures' },
  { name: 'applies-forgeries', does: 'acts on an event before it verifies it' },
  { name: 'applies-twice', does: 'does not remember which events it has seen' },
  { name: 'refuses-repeats', does: 'answers 409 to an event it has seen' },
  { name: 'order-of-arrival', does: 'acts on an event although a later one of the session has come' },
  { name: 'forgets', does: 'answers 2xx and does nothing' },
  { name: 'fails-on-unknown-type', does: 'answers 500 to a type it does not know' },
  { name: 'refuses-unknown-fields', does: 'answers 400 to a field it does not know' },
  { name: 'needs-personal', does: 'answers 500 when personal data was erased' },
  { name: 'small-limit', does: 'answers 413 to what is over 8 KB' },
  { name: 'falls-on-large', does: 'answers 500 to what is over its limit' },
  { name: 'one-at-a-time', does: 'reads no request before it has answered the one before' },
  { name: 'any-content-type', does: 'takes any content type' },
  { name: 'answers-get', does: 'answers 200 to a GET' },
] as const satisfies readonly { name: string; does: string }[];

export type Fault = (typeof faults)[number]['name'];

/** Of the bad consumer that can be tried: common ones that do not hide each other. */
export const commonFaults: readonly Fault[] = [
  'accepts-unsigned',
  'accepts-any-signature',
  'ignores-timestamp',
  'applies-twice',
  'order-of-arrival',
  'fails-on-unknown-type',
  'refuses-unknown-fields',
  'needs-personal',
  'falls-on-large',
  'any-content-type',
];
