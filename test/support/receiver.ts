/** A consumer of webhooks: a real HTTP server that keeps what it gets and answers as it is told. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { waitFor } from './wait-for.js';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly event: {
    id: string;
    type: string;
    sessionId: string | null;
    seq: number | null;
    data: unknown;
    personal: unknown;
  };
  /** milliseconds of the system's clock */
  readonly receivedAt: number;
}

export interface ReceiverAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What is answered; `hang`: nothing. May depend on the request. */
export type Behaviour =
  ReceiverAnswer | 'hang' | ((request: ReceivedRequest) => ReceiverAnswer | 'hang' | Promise<ReceiverAnswer | 'hang'>);

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly ReceivedRequest[];
  /** connections that were made, whatever came over them */
  readonly connections: () => number;
  behave(behaviour: Behaviour): void;
  /** those of the path, or all, once there are so many */
  until(count: number, path?: string): Promise<ReceivedRequest[]>;
  close(): Promise<void>;
}

export async function startReceiver(first: Behaviour = {}, host = '127.0.0.1'): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  let behaviour = first;
  let connections = 0;
  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    const received = await read(incoming);
    requests.push(received);
    const chosen = typeof behaviour === 'function' ? await behaviour(received) : behaviour;
    if (chosen === 'hang') return;
    response.writeHead(chosen.status ?? 200, chosen.headers);
    response.end(chosen.body);
  };
  const server = createServer((incoming, response) => void answer(incoming, response).catch(() => undefined));
  server.on('connection', () => (connections += 1));
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const until = (count: number, path?: string) => {
    const some = () => requests.filter((request) => path === undefined || request.path === path);
    return waitFor(() => (some().length >= count ? some() : null), {
      what: `${count} requests${path === undefined ? '' : ` to ${path}`}`,
    });
  };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    requests,
    connections: () => connections,
    behave: (next) => (behaviour = next),
    until,
    close,
  };
}

/** @throws when the signature is not what Standard Webhooks says */
export function verify(secret: string, { body, headers }: ReceivedRequest): unknown {
  return new Webhook(secret).verify(body, { ...headers });
}

async function read(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const event = JSON.parse(body) as ReceivedRequest['event'];
  return { path: incoming.url ?? '', headers, body, event, receivedAt: Date.now() };
}
