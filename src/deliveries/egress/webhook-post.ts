/** One POST and its answer under one deadline. A redirect is an answer like any other: we do not follow it. */
import type { Agent, Dispatcher } from 'undici';
import type { DeliveryError } from '../delivery-errors.js';

const deadlineMs = 15_000;
const answerBytesMax = 4096;
/** How many connections that the endpoint has closed we pass over before the try fails. */
const closedConnectionsMax = 3;

export interface Posted {
  /** null: no answer came */
  status: number | null;
  error: DeliveryError | null;
  retryAfter: string | null;
  /** the first 4 KB of it */
  answer: Buffer | null;
}

export interface WebhookMessage {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** by `performance.now()`; after this moment nothing is sent */
  startBefore: number;
}

/**
 * Never rejects. @param stop ends it early; if the request was sent by then, its outcome is unknown
 * @returns null if nothing was sent, because it was stopped or came after `startBefore`
 */
export function postWebhook(
  agent: Agent,
  { url, headers, body, startBefore }: WebhookMessage,
  stop: AbortSignal,
): Promise<Posted | null> {
  const { origin, pathname, search } = new URL(url);
  return new Promise((resolve) => {
    const collector = new AnswerCollector(startBefore, (posted) => {
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      resolve(posted);
    });
    // If the process was paused, an answer may be waiting to be read: read it before the time-out counts.
    const timer = setTimeout(() => setImmediate(() => collector.giveUp('timeout')), deadlineMs);
    const onStop = () => collector.stop();
    stop.addEventListener('abort', onStop);
    const dispatch = () =>
      agent.dispatch({ origin, path: pathname + search, method: 'POST', headers, body }, collector);
    collector.dispatchAgain = dispatch;
    dispatch();
  });
}

class AnswerCollector implements Dispatcher.DispatchHandler {
  dispatchAgain: () => void = () => undefined;
  private closedBefore = 0;
  private controller: Dispatcher.DispatchController | null = null;
  private started = false;
  private settled = false;
  private status: number | null = null;
  private retryAfter: string | null = null;
  private readonly chunks: Buffer[] = [];
  private size = 0;

  constructor(
    private readonly startBefore: number,
    private readonly done: (posted: Posted | null) => void,
  ) {}

  giveUp(error: DeliveryError): void {
    this.settle(this.posted(error));
    this.controller?.abort(new Error('given up'));
  }

  stop(): void {
    if (this.started) this.giveUp('outcome-unknown');
    else this.settle(null);
  }

  /** Called right before the request is written to a new or reused connection. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (performance.now() >= this.startBefore) this.settle(null);
    if (this.settled) return controller.abort(new Error('given up'));
    this.controller = controller;
    this.started = true;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.status = status;
    const retryAfter = headers['retry-after'];
    this.retryAfter = typeof retryAfter === 'string' ? retryAfter : null;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk.subarray(0, Math.max(0, answerBytesMax - this.size)));
    this.size += chunk.length;
    if (this.size <= answerBytesMax) return;
    this.settle(this.posted(null));
    controller.abort(new Error('more than is read'));
  }

  onResponseEnd(): void {
    this.settle(this.posted(null));
  }

  onResponseError(_: Dispatcher.DispatchController, error: NodeJS.ErrnoException): void {
    const found = errorOf(error);
    // The endpoint had closed an idle connection before we wrote to it. This is not a failed try.
    if (!this.settled && !this.started && found === 'connection-failed' && this.closedBefore < closedConnectionsMax) {
      this.closedBefore += 1;
      this.dispatchAgain();
    } else this.settle(this.posted(found));
  }

  private posted(error: DeliveryError | null): Posted {
    const answer = this.status === null ? null : Buffer.concat(this.chunks);
    return { status: this.status, error, retryAfter: this.retryAfter, answer };
  }

  private settle(posted: Posted | null): void {
    if (this.settled) return;
    this.settled = true;
    this.done(posted);
  }
}

const timeouts = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'];

function errorOf(error: NodeJS.ErrnoException & { errors?: unknown }): DeliveryError {
  const code = error.code ?? '';
  if (code === 'DESTINATION_NOT_ALLOWED') return 'destination-not-allowed';
  if (code === 'ECONNREFUSED') return 'connection-refused';
  if (timeouts.includes(code)) return 'timeout';
  return /^(ERR_TLS|ERR_SSL|CERT_|EPROTO|DEPTH_ZERO|UNABLE_TO|SELF_SIGNED|HOSTNAME_MISMATCH)/.test(code)
    ? 'tls-failed'
    : 'connection-failed';
}
