import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { sseComment, sseHeaders, sseOpening } from './sse.js';
import type { StreamLimits } from './stream-limits.js';

/**
 * One open response. It keeps the connection alive, says when the reader has not taken what was sent, and drops one
 * that never does: so what waits for a reader in memory is no more than what was last sent.
 */
export class SseConnection {
  private readonly heartbeat: NodeJS.Timeout;
  private readonly drainWithinMs: number;
  private patience: NodeJS.Timeout | undefined;
  private waiting: ((open: boolean) => void) | null = null;
  private closed = false;
  private readonly endings: (() => void)[] = [];

  private constructor(
    private readonly response: ServerResponse,
    { heartbeatMs, drainWithinMs }: StreamLimits,
    private readonly dropped: () => void,
  ) {
    this.drainWithinMs = drainWithinMs;
    this.heartbeat = setInterval(() => this.beat(), heartbeatMs).unref();
    response.on('drain', () => this.goOn());
    response.once('close', () => this.close());
    response.on('error', () => this.close());
    // It may have gone while we were looking things up.
    if (response.destroyed) this.close();
  }

  /**
   * From here on the answer is ours: Fastify sends nothing more.
   * @param dropped called when the reader was too slow
   */
  static open(reply: FastifyReply, timing: StreamLimits, dropped: () => void): SseConnection {
    reply.hijack();
    const { raw } = reply;
    // The connection ends with the stream, so that neither a shutdown nor a proxy has to wait for an idle one.
    raw.shouldKeepAlive = false;
    raw.writeHead(200, { ...(reply.getHeaders() as OutgoingHttpHeaders), ...sseHeaders });
    raw.write(sseOpening);
    return new SseConnection(raw, timing, dropped);
  }

  get isOpen(): boolean {
    return !this.closed;
  }

  /** Whether the reader still has to take what was sent. */
  get isFull(): boolean {
    return this.response.writableNeedDrain;
  }

  onClose(ended: () => void): void {
    if (this.closed) ended();
    else this.endings.push(ended);
  }

  send(text: string): void {
    if (this.closed) return;
    this.response.write(text);
    if (this.isFull) this.patience ??= setTimeout(() => this.drop(), this.drainWithinMs).unref();
  }

  /** @returns whether it is still open, once the reader has taken what was sent */
  async drained(): Promise<boolean> {
    if (this.closed || !this.isFull) return !this.closed;
    return new Promise((resolve) => (this.waiting = resolve));
  }

  /** The reader gets what was sent, and then the end; one that takes nothing just loses its connection. */
  end(): void {
    if (this.closed) return;
    if (this.isFull) this.response.destroy();
    else this.response.end();
    this.close();
  }

  private beat(): void {
    if (!this.isFull) this.send(sseComment);
  }

  private goOn(): void {
    clearTimeout(this.patience);
    this.patience = undefined;
    this.waiting?.(!this.closed);
    this.waiting = null;
  }

  private drop(): void {
    if (this.closed) return;
    this.dropped();
    this.response.destroy();
    this.close();
  }

  private close(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.heartbeat);
    this.goOn();
    for (const ended of this.endings) ended();
  }
}
