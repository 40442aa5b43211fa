/**
 * Consumers of events that are killed, restarted, slow and wrong at random, one for each way to hear of events. Each keeps
 * what it has taken in; whoever looks at the end holds that against the journal.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventBody } from './client.js';
import { freePort } from './free-port.js';

/** A repeatable source of chance. */
export class Chance {
  constructor(private seed: number) {}

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }
}

/** What a consumer has taken in, deduplicated by id. */
export class Taken {
  readonly events = new Map<string, EventBody>();
  /** how often an event came again */
  repeated = 0;

  take(event: EventBody): void {
    if (this.events.has(event.id)) this.repeated += 1;
    else this.events.set(event.id, event);
  }
}

export interface Consumer {
  readonly name: string;
  readonly taken: Taken;
  stop(): Promise<void>;
}

export interface Service {
  url: string;
  key: string;
}

const authorized = ({ key }: Service) => ({ authorization: `Bearer ${key}` });

/** Reads the journal by position, in pages of any size, and forgets now and then what it has not written down yet. */
async function poll(service: Service, after: number, chance: Chance, taken: Taken): Promise<number> {
  const limit = 1 + chance.below(200);
  const answer = await fetch(`${service.url}/v1/events?after=${after}&limit=${limit}&wait=${chance.below(2)}`, {
    headers: authorized(service),
  });
  if (!answer.ok) return after;
  const { data, lastPosition } = (await answer.json()) as { data: EventBody[]; lastPosition: number };
  data.forEach((event) => taken.take(event));
  // It dies before it has written its position down.
  return chance.happens(0.1) ? after : lastPosition;
}

/** Follows the stream for a while, is cut off in the middle, and goes on from the last id it has seen. */
async function follow(
  service: Service,
  after: number,
  chance: Chance,
  taken: Taken,
  stopped: AbortSignal,
): Promise<number> {
  const cut = AbortSignal.any([stopped, AbortSignal.timeout(100 + chance.below(1500))]);
  let position = after;
  try {
    const answer = await fetch(`${service.url}/v1/events/stream`, {
      headers: { ...authorized(service), 'last-event-id': String(after) },
      signal: cut,
    });
    let text = '';
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString('utf8');
      const messages = text.split('\n\n');
      text = messages.pop() ?? '';
      for (const message of messages) {
        const data = /^data: ?(.*)$/m.exec(message)?.[1];
        if (data === undefined) continue;
        const event = JSON.parse(data) as EventBody;
        taken.take(event);
        position = event.position;
      }
      if (chance.happens(0.05)) await pause(chance.below(150));
    }
  } catch {
    // Cut off: what was read before counts.
  }
  return position;
}

/** By the journal, the stream, or now this and now that: one cursor for both. */
export function startReader(name: string, service: Service, seed: number, streams: number): Consumer {
  const chance = new Chance(seed);
  const taken = new Taken();
  const stopped = new AbortController();
  const run = (async () => {
    let position = 0;
    while (!stopped.signal.aborted) {
      position = chance.happens(streams)
        ? await follow(service, position, chance, taken, stopped.signal)
        : await poll(service, position, chance, taken).catch(() => position);
      if (chance.happens(0.1)) await pause(chance.below(400));
    }
  })();
  return {
    name,
    taken,
    stop: async () => {
      stopped.abort();
      await run;
    },
  };
}

/** Takes webhooks, verifies each, and is slow, wrong, or not there at all at random. */
export async function startReceiver(name: string, service: Service, seed: number): Promise<Consumer> {
  const chance = new Chance(seed);
  const taken = new Taken();
  const port = await freePort();
  let secret = '';
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    if (!isSigned(request, body, secret)) return void response.writeHead(401).end();
    if (chance.happens(0.02)) await pause(chance.below(500));
    if (chance.happens(0.02)) return void response.writeHead(500).end();
    taken.take(JSON.parse(body) as EventBody);
    // It has taken the event in and dies before it says so.
    if (chance.happens(0.02)) return void request.socket.destroy();
    response.writeHead(204).end();
  };
  const listen = () =>
    new Promise<Server>((resolve) => {
      const server = createServer((request, response) => void receive(request, response).catch(() => undefined));
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  let server = await listen();
  const made = await fetch(`${service.url}/v1/endpoints`, {
    method: 'POST',
    headers: { ...authorized(service), 'content-type': 'application/json' },
    body: JSON.stringify({ url: `http://127.0.0.1:${port}/` }),
  });
  if (made.status !== 201) throw new Error(`the endpoint was answered with ${made.status}: ${await made.text()}`);
  secret = ((await made.json()) as { secret: string }).secret;

  const stopped = new AbortController();
  const restarts = (async () => {
    while (!stopped.signal.aborted) {
      await pause(2000 + chance.below(3000), undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await pause(chance.below(500));
      server = await listen();
    }
  })();
  return {
    name,
    taken,
    stop: async () => {
      stopped.abort();
      await restarts;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Standard Webhooks 1.0, written from its text. */
function isSigned(request: IncomingMessage, body: string, secret: string): boolean {
  const id = String(request.headers['webhook-id']);
  const timestamp = String(request.headers['webhook-timestamp']);
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  return String(request.headers['webhook-signature'])
    .split(' ')
    .map((signature) => Buffer.from(signature.replace(/^v1,/, ''), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}
