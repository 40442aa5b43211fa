/** What is sent and what is expected, in this order: the good events among them are one session from begin to end. */
import { type Check, duration } from './check.js';
import { forgeryChecks } from './forgery-checks.js';
import { loadChecks } from './load-checks.js';
import { oneMessage, severalMessages } from './message-check.js';
import { isAccepted } from './sender.js';
import { strangersKey } from './message.js';

const good: Check = oneMessage({
  name: 'good-event',
  kind: 'delivery',
  sent: 'a well signed event',
  expected: '2xx',
  why: 'Anything else counts as a failed delivery and is sent again.',
  message: (history) => history.told(1),
  passes: isAccepted,
});

const repeats: readonly Check[] = [
  severalMessages({
    name: 'replayed',
    kind: 'delivery',
    sent: 'the same message twice, byte for byte',
    expected: '2xx to both',
    why: 'An answer that got lost is followed by the same event again; refusing it would never end.',
    messages: (history) => {
      const message = history.told(2);
      return [message, message];
    },
  }),
  severalMessages({
    name: 'retried',
    kind: 'delivery',
    sent: 'the same event again with a new timestamp and signature',
    expected: '2xx to both',
    why: 'This is what a retry looks like: only webhook-id stays the same.',
    messages: (history) => {
      const message = history.told(3);
      return [message.secondsFromNow(-60), message.secondsFromNow(0)];
    },
  }),
  severalMessages({
    name: 'reordered',
    kind: 'delivery',
    sent: 'seq 5 of a session before seq 4',
    expected: '2xx to both',
    why: 'A retry can come after a newer event; seq tells the order, the arrival does not.',
    messages: (history) => [history.told(5), history.told(4)],
  }),
];

const forms: readonly Check[] = [
  oneMessage({
    name: 'two-signatures',
    kind: 'delivery',
    sent: 'a header with two signatures, the second of which is yours',
    expected: '2xx',
    why: 'While a secret is rotated, the old and the new one both sign.',
    message: (history) => {
      const message = history.told(6, { personal: null });
      return message.signedAs(`${message.signature(strangersKey())} ${message.signature()}`);
    },
    passes: isAccepted,
  }),
  oneMessage({
    name: 'erased-personal',
    kind: 'delivery',
    sent: 'an event whose personal data was erased: personal is null, personalDigest is there',
    expected: '2xx',
    why: 'After erasure a retry or a recovery delivers the event like this.',
    message: (history) => history.told(7, { personal: null, personalDigest: '0'.repeat(64) }),
    passes: isAccepted,
  }),
  oneMessage({
    name: 'raw-bytes',
    kind: 'delivery',
    sent: 'a body with unusual white space, signed as it is',
    expected: '2xx',
    why: 'The signature is over the bytes that came, not over JSON that was parsed and written again.',
    message: (history) => {
      const message = history.told(8);
      return message.withBody(Buffer.from(`${JSON.stringify(message.event, null, 3)}\n`));
    },
    passes: isAccepted,
  }),
  oneMessage({
    name: 'unknown-fields',
    kind: 'delivery',
    sent: 'an event with fields that do not exist today',
    expected: '2xx',
    why: 'Fields are added without a new version.',
    message: (history) => history.told(9, { fromTheFuture: { answer: 42 } }),
    passes: isAccepted,
  }),
  oneMessage({
    name: 'unknown-type',
    kind: 'delivery',
    sent: 'an event of a type that does not exist today',
    expected: '2xx',
    why: 'Types are added without a new version; acknowledge those you do not know.',
    message: (history) => history.unknown(),
    passes: isAccepted,
  }),
];

const stillThere: Check = oneMessage({
  name: 'still-there',
  kind: 'delivery',
  sent: 'the last event of the session, after all of this',
  expected: '2xx',
  why: 'What strangers send must not keep it from what follows.',
  message: (history) => history.told(10),
  passes: isAccepted,
});

const fast: Check = {
  name: 'answers-fast',
  kind: 'advice',
  sent: 'nothing more',
  expected: 'no 2xx took longer than 5 s',
  why: 'After 15 s a delivery counts as failed: answer first, then work.',
  run: async ({ sender: { accepted, slowestSeconds } }) => {
    if (accepted.size === 0) return { result: 'not-checked', got: 'there was no 2xx' };
    return { result: slowestSeconds <= 5 ? 'pass' : 'fail', got: `at most ${duration(slowestSeconds)}` };
  },
};

export const checks: readonly Check[] = [good, ...forgeryChecks, ...repeats, ...forms, ...loadChecks, stillThere, fast];
