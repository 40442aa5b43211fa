/** What happened, for tests and for the start page. Nothing is redacted: the simulator knows no real person. */
import type { Identification } from './identifications.js';
import type { Session } from './session.js';

export interface RequestEntry {
  readonly method: string;
  readonly path: string;
  readonly scanRef: string | null;
  /** the token asked for, or given in the answer */
  readonly token: string | null;
  /** null: not answered, or not yet */
  readonly status: number | null;
  readonly at: string;
}

export interface WebhookEntry {
  /** of an identification: its `authToken` */
  readonly token: string;
  /** exactly as sent */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** from 1 */
  readonly attempt: number;
  /** null: no answer, or not yet */
  readonly statusAnswered: number | null;
  readonly at: string;
}

type SessionEntry = Readonly<
  Pick<Session, 'token' | 'digitString' | 'scanRef' | 'approved' | 'createdAt' | 'lifetimeSeconds' | 'state'>
>;

/** Live views: entries appear and are filled in while one looks. */
export interface Ledger {
  readonly requests: readonly RequestEntry[];
  readonly sessions: readonly SessionEntry[];
  readonly identifications: readonly Readonly<Identification>[];
  readonly webhooks: readonly WebhookEntry[];
}

type Writable<T> = { -readonly [key in keyof T]: T[key] };

export class LedgerBook {
  readonly requests: Writable<RequestEntry>[] = [];
  readonly webhooks: Writable<WebhookEntry>[] = [];

  request(method: string, path: string): Writable<RequestEntry> {
    const entry = { method, path, scanRef: null, token: null, status: null, at: new Date().toISOString() };
    this.requests.push(entry);
    return entry;
  }

  webhook(sent: Pick<WebhookEntry, 'token' | 'body' | 'headers' | 'attempt'>): Writable<WebhookEntry> {
    const entry = { ...sent, statusAnswered: null, at: new Date().toISOString() };
    this.webhooks.push(entry);
    return entry;
  }

  /** Read-only, and without what the sessions keep for the simulator itself. */
  over(sessions: readonly Session[], identifications: readonly Identification[]): Ledger {
    const { requests, webhooks } = this;
    return {
      requests,
      identifications,
      webhooks,
      get sessions() {
        return sessions.map(({ token, digitString, scanRef, approved, createdAt, lifetimeSeconds, state }) => {
          return { token, digitString, scanRef, approved, createdAt, lifetimeSeconds, state };
        });
      },
    };
  }
}
