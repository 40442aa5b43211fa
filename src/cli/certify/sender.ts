import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import type { Headers, Message } from './message.js';

/** What came of a request. */
export type Answer =
  | { kind: 'answered'; status: number; seconds: number }
  /** the connection was closed instead of an answer */
  | { kind: 'cut'; seconds: number }
  | { kind: 'late'; seconds: number }
  /** no connection at all; `cause` is the system's word */
  | { kind: 'unreachable'; cause: string; seconds: number };

export function isAccepted(answer: Answer): boolean {
  return answer.kind === 'answered' && answer.status >= 200 && answer.status <= 299;
}

export type Body = Buffer | Readable;

/** Node's words for a connection that was there and is gone. */
const cutCodes = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ECONNABORTED'];

/** Requests in a row without an answer, after which the rest is not tried: all of them would take many minutes. */
const patience = 3;

/** Sends to the one URL, follows nothing, and waits a bounded time. */
export class Sender {
  /** the longest that a 2xx to a whole message took */
  slowestSeconds = 0;
  /** ids of events that were answered with 2xx */
  readonly accepted = new Set<string>();
  /** why nothing more is sent; null while there is hope */
  gaveUp: string | null = null;
  private lateInARow = 0;
  /** A connection for each request: one that the consumer closes while idle would look like a cut. */
  private readonly agent = new Agent({ pipelining: 0 });

  constructor(
    private readonly url: string,
    readonly timeoutSeconds: number,
  ) {}

  async send(message: Message): Promise<Answer> {
    const answer = await this.post(message.headers, message.body);
    this.lateInARow = answer.kind === 'late' ? this.lateInARow + 1 : 0;
    if (answer.kind === 'unreachable') this.gaveUp = `nobody can be reached there (${answer.cause})`;
    if (this.lateInARow >= patience) this.gaveUp = `gave up after ${patience} requests in a row without an answer`;
    if (isAccepted(answer)) this.slowestSeconds = Math.max(this.slowestSeconds, answer.seconds);
    return answer;
  }

  /** For what stands beside the row: bodies that come slowly, many at once. */
  async post(headers: Headers, body: Body): Promise<Answer> {
    const answer = await this.exchange('POST', headers, body);
    if (isAccepted(answer)) this.accepted.add(headers['webhook-id']!);
    return answer;
  }

  get(): Promise<Answer> {
    return this.exchange('GET', {}, null);
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async exchange(method: 'POST' | 'GET', headers: Headers, body: Body | null): Promise<Answer> {
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    const signal = AbortSignal.timeout(this.timeoutSeconds * 1000);
    try {
      const answer = await request(this.url, { method, headers, body, signal, dispatcher: this.agent });
      // The status is the answer; who cuts what follows it has answered all the same.
      await answer.body.dump({ limit: 65_536, signal }).catch(() => {});
      return { kind: 'answered', status: answer.statusCode, seconds: seconds() };
    } catch (error) {
      if (signal.aborted) return { kind: 'late', seconds: seconds() };
      const cause = codeOf(error);
      return cutCodes.includes(cause)
        ? { kind: 'cut', seconds: seconds() }
        : { kind: 'unreachable', cause, seconds: seconds() };
    }
  }
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return String(code ?? name);
}
