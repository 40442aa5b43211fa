/** One HTTP request and its whole answer under one deadline. Knows nothing of iDenfy. */
import type { Agent, Dispatcher } from 'undici';

export interface Answer {
  kind: 'answer';
  status: number;
  retryAfter: string | null;
  /** null: larger than allowed, or not read (`skipsBody`) */
  body: string | null;
}

export interface NoAnswer {
  kind: 'no-answer';
  /** whether any of the request may have left this machine */
  sent: boolean;
  timedOut: boolean;
  /** the system's name for it, for example ECONNREFUSED */
  code: string;
}

export interface Limits {
  /** over connecting, sending and the whole answer */
  timeoutSeconds: number;
  maxBodyBytes: number;
  /** Whether only the status counts. The body of such an answer is not read, however long it is. */
  skipsBody?: (status: number) => boolean;
}

/** Never rejects. Redirects are answers like others. */
export function exchange(
  agent: Agent,
  request: Dispatcher.DispatchOptions,
  limits: Limits,
): Promise<Answer | NoAnswer> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(Math.ceil(limits.timeoutSeconds * 1000));
    const collector = new AnswerCollector(limits, (result) => {
      signal.removeEventListener('abort', onTimeout);
      resolve(result);
    });
    const onTimeout = () => collector.giveUp();
    signal.addEventListener('abort', onTimeout);
    agent.dispatch(request, collector);
  });
}

/** Written against undici's dispatcher, because only that tells whether the request ever met a connection. */
class AnswerCollector implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private settled = false;
  private status = 0;
  private retryAfter: string | null = null;
  private readonly chunks: Buffer[] = [];
  private size = 0;

  constructor(
    private readonly limits: Limits,
    private readonly done: (result: Answer | NoAnswer) => void,
  ) {}

  giveUp(): void {
    this.settle({ kind: 'no-answer', sent: this.controller !== null, timedOut: true, code: 'TIMEOUT' });
    this.controller?.abort(new Error('deadline'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // The connection came after the deadline: what was told as not sent must not be sent.
    if (this.settled) controller.abort(new Error('deadline'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ) {
    this.status = status;
    const retryAfter = headers['retry-after'];
    this.retryAfter = typeof retryAfter === 'string' ? retryAfter : null;
    if (!this.limits.skipsBody?.(status)) return;
    this.settle(this.answer(null));
    controller.abort(new Error('the body is not needed'));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size <= this.limits.maxBodyBytes) this.chunks.push(chunk);
    else {
      this.settle(this.answer(null));
      controller.abort(new Error('too large'));
    }
  }

  onResponseEnd(): void {
    this.settle(this.answer(Buffer.concat(this.chunks).toString('utf8')));
  }

  onResponseError(_: Dispatcher.DispatchController, error: NodeJS.ErrnoException): void {
    const timedOut = error.code === 'UND_ERR_CONNECT_TIMEOUT';
    this.settle({ kind: 'no-answer', sent: this.controller !== null, timedOut, code: error.code ?? error.name });
  }

  private answer(body: string | null): Answer {
    return { kind: 'answer', status: this.status, retryAfter: this.retryAfter, body };
  }

  private settle(result: Answer | NoAnswer): void {
    if (this.settled) return;
    this.settled = true;
    this.done(result);
  }
}
