/** One POST and its answer under one deadline. Redirects are answers like others: nobody follows them. */
import type { Agent, Dispatcher } from 'undici';
import type { DeliveryError } from '../delivery-errors.js';

const deadlineMs = 15_000;
const answerBytesMax = 4096;

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
}

/** Never rejects. @param stop ends it before its time; @returns null when it was stopped: nothing is known then */
export function postWebhook(
  agent: Agent,
  { url, headers, body }: WebhookMessage,
  stop: AbortSignal,
): Promise<Posted | null> {
  const { origin, pathname, search } = new URL(url);
  return new Promise((resolve) => {
    const collector = new AnswerCollector((posted) => {
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      resolve(posted);
    });
    const timer = setTimeout(() => collector.giveUp('timeout'), deadlineMs);
    const onStop = () => collector.giveUp(null);
    stop.addEventListener('abort', onStop);
    agent.dispatch({ origin, path: pathname + search, method: 'POST', headers, body }, collector);
  });
}

class AnswerCollector implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private settled = false;
  private status: number | null = null;
  private retryAfter: string | null = null;
  private readonly chunks: Buffer[] = [];
  private size = 0;

  constructor(private readonly done: (posted: Posted | null) => void) {}

  /** @param error null: it was stopped from outside */
  giveUp(error: DeliveryError | null): void {
    this.settle(error === null ? null : this.posted(error));
    this.controller?.abort(new Error('given up'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // The connection came too late.
    if (this.settled) controller.abort(new Error('given up'));
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
    this.settle(this.posted(errorOf(error)));
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
