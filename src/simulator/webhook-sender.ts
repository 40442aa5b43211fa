/** Sends webhooks as iDenfy does: signed over the raw bytes, with a deadline, again until the answer is 2xx. */
import { createHmac } from 'node:crypto';
import { Agent, request } from 'undici';
import { faceAuthenticationEvent, headers } from '../idenfy/contract.js';
import type { LedgerBook } from './ledger.js';
import type { Timers } from './timers.js';

export interface Resending {
  /** after the first attempt */
  readonly times: number;
  readonly everyMilliseconds: number;
}

export interface Webhook {
  readonly token: string;
  readonly body: string;
  readonly signature: 'good' | 'bad' | 'none';
  /** absent: the event type of face authentication; null: no header */
  readonly eventType?: string | null;
}

const timeoutMilliseconds = 10_000;

export class WebhookSender {
  private readonly agent = new Agent();

  constructor(
    private readonly signingKey: string,
    /** null: no notification is set up, nothing is sent */
    public url: string | null,
    private readonly resending: Resending,
    private readonly ledger: LedgerBook,
    private readonly timers: Timers,
  ) {}

  /** Comes back after the first attempt, whatever came of it; resending goes on by itself. */
  send(webhook: Webhook): Promise<void> {
    return this.attempt(webhook, this.headersOf(webhook), 1);
  }

  async close(): Promise<void> {
    this.url = null;
    await this.agent.destroy();
  }

  private async attempt(webhook: Webhook, sent: Record<string, string>, attempt: number): Promise<void> {
    if (this.url === null) return;
    const { token, body } = webhook;
    const entry = this.ledger.webhook({ token, body, headers: sent, attempt });
    const status = await this.post(this.url, sent, body);
    entry.statusAnswered = status;
    const accepted = status !== null && status >= 200 && status < 300;
    if (accepted || attempt > this.resending.times) return;
    this.timers.after(this.resending.everyMilliseconds, () => void this.attempt(webhook, sent, attempt + 1));
  }

  /** @returns the status, or null when there was no answer */
  private async post(url: string, sent: Record<string, string>, body: string): Promise<number | null> {
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    try {
      const answer = await request(url, { method: 'POST', headers: sent, body, signal, dispatcher: this.agent });
      await answer.body.dump();
      return answer.statusCode;
    } catch {
      return null;
    }
  }

  private headersOf({ body, signature, eventType = faceAuthenticationEvent }: Webhook): Record<string, string> {
    const sent: Record<string, string> = { 'content-type': 'application/json' };
    if (eventType !== null) sent[headers.eventType] = eventType;
    if (signature === 'none') return sent;
    const key = signature === 'good' ? this.signingKey : `not ${this.signingKey}`;
    return { ...sent, [headers.signature]: createHmac('sha256', key).update(body).digest('hex') };
  }
}
