/** The API with a key, by Supertest, and what it answers. */
import request from 'supertest';
import { waitFor } from './wait-for.js';

export interface AttemptBody {
  id: string;
  number: number;
  state: string;
  reason: string | null;
  code?: string;
  url?: string;
  token?: string;
  codeHint: string | null;
  issuedAt: string | null;
  revealedAt: string | null;
  expiresAt: string | null;
  endedAt: string | null;
  outcome: { status: string; failReason: string | null; source: string; at: string } | null;
  signals: string[];
}

export interface SessionBody {
  id: string;
  status: string;
  reason: string | null;
  scanRef: string;
  maxAttempts: number;
  attemptsLeft: number;
  attempt: AttemptBody | null;
  attempts: AttemptBody[];
  clientToken?: string;
  seq: number;
  endedAt: string | null;
}

export interface EventBody {
  id: string;
  type: string;
  platform?: string | null;
  sessionId: string;
  attemptId: string | null;
  seq: number;
  position: number;
  at: string;
  actor: { kind: string; id: string; name?: string; owner?: string | null };
  data: Record<string, unknown>;
  personal: Record<string, unknown> | null;
  personalDigest: string | null;
}

/** The API with a key, by Supertest. */
export class Client {
  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  /** The same API with another key or token. */
  as(key: string): Client {
    return new Client(this.url, key);
  }

  get(path: string): request.Test {
    return request(this.url).get(path).set('authorization', `Bearer ${this.key}`);
  }

  post(path: string, body?: object): request.Test {
    const asked = request(this.url).post(path).set('authorization', `Bearer ${this.key}`);
    return body === undefined ? asked : asked.send(body);
  }

  patch(path: string, body: object): request.Test {
    return request(this.url).patch(path).set('authorization', `Bearer ${this.key}`).send(body);
  }

  put(path: string, body: object): request.Test {
    return request(this.url).put(path).set('authorization', `Bearer ${this.key}`).send(body);
  }

  delete(path: string): request.Test {
    return request(this.url).delete(path).set('authorization', `Bearer ${this.key}`);
  }

  /** A session with its code, also on a machine that is too slow to answer with the code at once. */
  async create(scanRef: string, rest: object = {}): Promise<SessionBody> {
    const answer = await this.post('/v1/sessions', { scanRef, ...rest });
    if (answer.status === 201) return answer.body as SessionBody;
    if (answer.status !== 202) throw new Error(`expected 201 or 202, got ${answer.status}: ${answer.text}`);
    const { id, clientToken } = answer.body as SessionBody;
    const session = await this.until(id, 'a code', ({ status }) => status !== 'pending');
    if ((rest as { reveal?: boolean }).reveal === false || session.attempt?.state !== 'issued') {
      return { ...session, clientToken };
    }
    const { body } = await this.post(`/v1/sessions/${id}/code`).expect(200);
    const { attemptId: _, ...secret } = body as { attemptId: string; expiresAt: string };
    const revealed = await this.session(id);
    return { ...revealed, attempt: { ...revealed.attempt!, ...secret }, clientToken };
  }

  async session(id: string): Promise<SessionBody> {
    const answer = await this.get(`/v1/sessions/${id}`).expect(200);
    return answer.body as SessionBody;
  }

  async events(sessionId: string): Promise<EventBody[]> {
    const answer = await this.get(`/v1/events?sessionId=${sessionId}&limit=1000`).expect(200);
    return (answer.body as { data: EventBody[] }).data;
  }

  /** The session once it looks so. */
  until(id: string, what: string, looksSo: (session: SessionBody) => boolean): Promise<SessionBody> {
    const look = async () => {
      const session = await this.session(id);
      return looksSo(session) ? session : null;
    };
    return waitFor(look, { what });
  }

  /** The sealed events of the session once the last of them is of that type. */
  untilEvent(sessionId: string, type: string): Promise<EventBody[]> {
    const look = async () => {
      const events = await this.events(sessionId);
      return events.at(-1)?.type === type ? events : null;
    };
    return waitFor(look, { what: `the event ${type}` });
  }

  /** @param types one, or several separated by commas @returns the sealed events that look so, once there is one */
  untilRecorded(types: string, what: string, looksSo: (event: EventBody) => boolean): Promise<EventBody[]> {
    const look = async () => {
      const answer = await this.get(`/v1/events?type=${types}&limit=1000`).expect(200);
      const found = (answer.body as { data: EventBody[] }).data.filter(looksSo);
      return found.length > 0 ? found : null;
    };
    return waitFor(look, { what });
  }
}
