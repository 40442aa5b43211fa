/** Large, slow, many, and what is no delivery at all. */
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { type Check, describe, isRefused, isRefusedOrCut, verdict, type Verdict } from './check.js';

import { type Message, strangersKey } from './message.js';
import { oneMessage } from './message-check.js';
import { isAccepted } from './sender.js';

/** The contract's bound for a body, less the rest of the event. */
const largeBytes = 20_000;
const oversizedBytes = 1_048_576;
const burst = 50;
const dribble = { everyMilliseconds: 100, bytesBefore: 3 };

const large = oneMessage({
  name: 'large',
  kind: 'delivery',
  sent: 'an event of nearly 20 KB',
  expected: '2xx',
  why: 'Bodies may have up to 20 KB.',
  message: (history) => {
    const message = history.anotherSession();
    const spare = largeBytes - message.body.length;
    const metadata = 'm'.repeat(spare);
    return message.withBody(
      Buffer.from(JSON.stringify({ ...message.event, data: { ...message.event.data, metadata } })),
    );
  },
  passes: isAccepted,
});

const oversized: Check = {
  name: 'oversized',
  kind: 'security',
  sent: '1 MB with a signature that is none',
  expected: '4xx, or cut',
  why: 'Nobody without the secret may make it hold much memory, or fall.',
  run: async ({ sender, history }) => {
    const message = history.lie().withBody(Buffer.alloc(oversizedBytes, 'x'));
    return verdict([await sender.send(message.signedAs(message.signature(strangersKey())))], isRefusedOrCut);
  },
};

const slow: Check = {
  name: 'slow-sender',
  kind: 'security',
  sent: 'a body that dribbles in, and a good event beside it',
  expected: '2xx to the good one meanwhile; any answer but 5xx, or a cut, to the slow one',
  why: 'One slow sender must not keep the others waiting.',
  run: async ({ sender, history }): Promise<Verdict> => {
    const slowly = new Dribble(history.unjudged());
    const answer = sender.post(slowly.headers, Readable.from(slowly.body()));
    await Promise.race([slowly.underWay, answer]);
    const beside = await sender.send(history.anotherSession());
    slowly.finish();
    const late = await answer;
    const clean = late.kind === 'cut' || (late.kind === 'answered' && late.status < 500);
    return {
      result: isAccepted(beside) && clean ? 'pass' : 'fail',
      got: `the good one: ${describe(beside)}; the slow one: ${describe(late)}`,
    };
  },
};

/** A message whose body comes byte by byte, until it is told to finish. */
class Dribble {
  readonly underWay: Promise<void>;
  readonly headers: Message['headers'];
  private begun!: () => void;
  private finished = false;

  constructor(private readonly message: Message) {
    this.headers = { ...message.headers, 'content-length': String(message.body.length) };
    this.underWay = new Promise((resolve) => (this.begun = resolve));
  }

  finish(): void {
    this.finished = true;
  }

  async *body(): AsyncGenerator<Buffer> {
    const { body } = this.message;
    const last = body.length - 1;
    let at = 0;
    while (!this.finished) {
      // The last byte waits for the end of the wait, however long that is.
      if (at < last) yield body.subarray(at, (at += 1));
      if (at === dribble.bytesBefore) this.begun();
      await pause(dribble.everyMilliseconds);
    }
    yield body.subarray(at);
  }
}

const crowd: Check = {
  name: 'burst',
  kind: 'delivery',
  sent: `${burst} events of as many sessions at once`,
  expected: '2xx to all',
  why: 'After an outage everything that waited comes at once.',
  run: async ({ sender, history }): Promise<Verdict> => {
    const messages = Array.from({ length: burst }, () => history.anotherSession());
    const answers = await Promise.all(messages.map(({ headers, body }) => sender.post(headers, body)));
    const bad = answers.filter((answer) => !isAccepted(answer));
    const slowest = answers.reduce((a, b) => (a.seconds > b.seconds ? a : b));
    if (bad.length === 0) return { result: 'pass', got: `2xx to all, the slowest: ${describe(slowest)}` };
    return { result: 'fail', got: `${bad.length} of ${burst} not accepted, the first: ${describe(bad[0]!)}` };
  },
};

const contentType = oneMessage({
  name: 'content-type',
  kind: 'advice',
  sent: 'a well signed event as text/plain',
  expected: '4xx',
  why: 'Deliveries are application/json; what is not comes from somebody else.',
  message: (history) => history.unjudged().withHeaders({ 'content-type': 'text/plain' }),
  passes: isRefused,
});

const get: Check = {
  name: 'get',
  kind: 'advice',
  sent: 'a GET',
  expected: '4xx',
  why: 'Deliveries are POSTs; a page at this address makes one wonder whether it is the right one.',
  run: async ({ sender }) => verdict([await sender.get()], isRefused),
};

export const loadChecks: readonly Check[] = [large, oversized, slow, crowd, contentType, get];
