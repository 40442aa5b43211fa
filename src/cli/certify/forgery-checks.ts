/** What somebody can send who knows the URL and has seen messages, but not the secret. */
import { type Check, isRefused } from './check.js';
import type { History } from './history.js';
import { type Message, strangersKey } from './message.js';
import { oneMessage } from './message-check.js';

/** Twice what Standard Webhooks recommends to tolerate. */
const staleSeconds = 600;

const forgery = (name: string, sent: string, why: string, message: (history: History) => Message): Check =>
  oneMessage({ name, kind: 'security', sent, expected: '4xx', why, message, passes: isRefused });

export const forgeryChecks: readonly Check[] = [
  forgery('unsigned', 'an event without a signature', 'Anybody could report a pass.', (history) =>
    history.lie().unsigned(),
  ),
  forgery('bad-signature', 'a signature of the right form that is none', 'Anybody could report a pass.', (history) =>
    history.lie().signedAs(`v1,${strangersKey().toString('base64')}`),
  ),
  forgery(
    'foreign-secret',
    'an event signed with another secret',
    'Every customer of a webhook sender has a secret; only yours may open your door.',
    (history) => {
      const message = history.lie();
      return message.signedAs(message.signature(strangersKey()));
    },
  ),
  forgery(
    'changed-body',
    'a body that was changed after it was signed',
    'Who sits between could turn a failure into a pass.',
    (history) => {
      const message = history.lie();
      const changed = JSON.stringify({ ...message.event, data: { changed: true } });
      return message.signedAs(message.signature()).withBody(Buffer.from(changed));
    },
  ),
  forgery(
    'changed-timestamp',
    'an old message with a new timestamp and its old signature',
    'Without the timestamp in the signature a replay is never stale.',
    (history) => {
      const old = history.lie().secondsFromNow(-staleSeconds);
      return old.signedAs(old.signature()).secondsFromNow(0);
    },
  ),
  forgery(
    'stale',
    'a well signed event with a timestamp of ten minutes ago',
    'A message that was once seen could be replayed for ever; five minutes are enough.',
    (history) => history.lie().secondsFromNow(-staleSeconds),
  ),
  forgery(
    'from-the-future',
    'a well signed event with a timestamp in ten minutes',
    'It could be replayed for that much longer.',
    (history) => history.lie().secondsFromNow(staleSeconds),
  ),
];
