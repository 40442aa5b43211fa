/**
 * A consumer of the service's events, to try deliveries and `facecode certify` with: a good one, or one with faults. It
 * shares no line with the service, not even the contract, so that an error on one side is not repeated on the other.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault } from './faults.js';
import { type ConsumedEvent, Inbox } from './inbox.js';
import { SignatureCheck } from './signature.js';

export interface ConsumerOptions {
  /** 0: a free one */
  port: number;
  host: string;
  /** `whsec_…` */
  secret: string;
  faults?: readonly Fault[];
}

export interface Consumer {
  readonly url: string;
  /** tells as JSON what was acted on: `{"applied": ["evt_…", …]}` */
  readonly effectsUrl: string;
  readonly applied: readonly string[];
  close(): Promise<void>;
}

/** More than three times what the service ever sends. */
const limitBytes = 65_536;
const smallLimitBytes = 8192;

export async function startConsumer({ port, host, secret, faults = [] }: ConsumerOptions): Promise<Consumer> {
  const reception = new Reception(secret, new Set(faults));
  const server = createServer(
    { requestTimeout: 10_000 },
    (request, response) => void reception.receive(request, response),
  );
  server.listen(port, host);
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  const base = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  return {
    url: `${base}/webhook`,
    effectsUrl: `${base}/effects`,
    applied: reception.inbox.applied,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

class Reception {
  readonly inbox: Inbox;
  private readonly signatures: SignatureCheck;
  private previous: Promise<unknown> = Promise.resolve();

  constructor(
    secret: string,
    private readonly faults: ReadonlySet<Fault>,
  ) {
    this.inbox = new Inbox(faults);
    this.signatures = new SignatureCheck(secret, faults);
  }

  async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/effects') return this.tell(response);
    const work = this.faults.has('one-at-a-time')
      ? this.previous.then(() => this.statusFor(request))
      : this.statusFor(request);
    this.previous = work.catch(() => null);
    try {
      response.statusCode = await work;
    } catch {
      // Who hangs up within a body gets no answer.
      return void response.destroy();
    }
    // What is left of a refused body is not worth reading.
    if (!request.complete) response.setHeader('connection', 'close');
    response.end();
  }

  private tell(response: ServerResponse): void {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ applied: this.inbox.applied }));
  }

  private async statusFor(request: IncomingMessage): Promise<number> {
    if (request.url !== '/webhook') return 404;
    if (request.method !== 'POST') return this.faults.has('answers-get') ? 200 : 405;
    const isJson = /^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '');
    if (!isJson && !this.faults.has('any-content-type')) return 415;
    const body = await readBody(request, this.faults.has('small-limit') ? smallLimitBytes : limitBytes);
    if (!body) return this.faults.has('falls-on-large') ? 500 : 413;
    return this.statusOf(request, body);
  }

  private statusOf({ headers }: IncomingMessage, body: Buffer): number {
    const id = this.signatures.idOf(headers, body);
    if (id === null) {
      if (this.faults.has('applies-forgeries'))
        this.inbox.apply(String(headers['webhook-id']), JSON.parse(body.toString()));
      return 401;
    }
    let event: ConsumedEvent;
    try {
      event = JSON.parse(body.toString()) as ConsumedEvent;
    } catch {
      return 400;
    }
    return this.inbox.take(id, event);
  }
}

/** @returns null when it is too large: the rest is not read */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
