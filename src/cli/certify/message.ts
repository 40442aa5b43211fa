import { randomBytes } from 'node:crypto';
import { signStandardWebhook } from '../../core/standard-webhooks.js';
import type { JournalEvent } from '../../journal/journal-event.js';

/** An event, perhaps with what no event has today. */
export type SentEvent = Omit<JournalEvent, 'type'> & { type: string; fromTheFuture?: unknown };

export type Headers = Record<string, string>;

/** One request: the signed bytes and the headers beside them. Immutable: what differs is another message. */
export class Message {
  readonly body: Buffer;

  constructor(
    readonly event: SentEvent,
    private readonly key: Buffer,
    private readonly parts: {
      body?: Buffer;
      timestampSeconds?: number;
      signature?: string | null;
      headers?: Headers;
    } = {},
  ) {
    this.body = parts.body ?? Buffer.from(JSON.stringify(event));
  }

  get headers(): Headers {
    const { signature = this.signature(), headers } = this.parts;
    return {
      'content-type': 'application/json',
      'user-agent': 'facecode-certify',
      'webhook-id': this.event.id,
      'webhook-timestamp': String(this.timestampSeconds),
      ...(signature === null ? {} : { 'webhook-signature': signature }),
      ...headers,
    };
  }

  /** Signed anew, as all that follows but `signedAs` and `unsigned`. */
  secondsFromNow(seconds: number): Message {
    return this.but({ timestampSeconds: now() + seconds });
  }

  withBody(body: Buffer): Message {
    return this.but({ body });
  }

  withHeaders(headers: Headers): Message {
    return this.but({ headers });
  }

  /** Whatever changes afterwards, this stays the signature. */
  signedAs(signature: string): Message {
    return this.but({ signature });
  }

  unsigned(): Message {
    return this.but({ signature: null });
  }

  signature(key = this.key): string {
    return signStandardWebhook(key, {
      id: this.event.id,
      timestampSeconds: this.timestampSeconds,
      body: this.body,
    });
  }

  private get timestampSeconds(): number {
    return this.parts.timestampSeconds ?? this.madeAt;
  }

  private readonly madeAt = now();

  private but(change: Message['parts']): Message {
    return new Message(this.event, this.key, {
      body: this.body,
      timestampSeconds: this.timestampSeconds,
      ...this.parts,
      ...change,
    });
  }
}

/** Like a good one at first sight: the right form, made with a secret that nobody knows. */
export const strangersKey = (): Buffer => randomBytes(32);

const now = (): number => Math.floor(Date.now() / 1000);
