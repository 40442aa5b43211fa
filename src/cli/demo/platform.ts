/** The platform's side of the demo: nothing but the public API over HTTP. */

interface Attempt {
  id: string;
  number: number;
  state: string;
  code?: string;
  codeHint: string | null;
  outcome: { status: string; failReason: string | null } | null;
}

export interface SessionAnswer {
  id: string;
  status: string;
  attemptsLeft: number;
  attempt: Attempt | null;
}

export interface EventAnswer {
  position: number;
  seq: number;
  type: string;
  data: Record<string, unknown>;
}

export class Platform {
  constructor(
    readonly url: string,
    private readonly key: string,
  ) {}

  createSession(scanRef: string): Promise<SessionAnswer> {
    return this.ask('POST', '/v1/sessions', { scanRef, reference: 'order-4711' });
  }

  session(id: string): Promise<SessionAnswer> {
    return this.ask('GET', `/v1/sessions/${id}`);
  }

  revealCode(id: string): Promise<{ code: string }> {
    return this.ask('POST', `/v1/sessions/${id}/code`);
  }

  async events(sessionId: string, after: number): Promise<EventAnswer[]> {
    const answer = await this.ask<{ data: EventAnswer[] }>('GET', `/v1/events?sessionId=${sessionId}&after=${after}`);
    return answer.data;
  }

  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  }
}
