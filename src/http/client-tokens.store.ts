import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { digestOf } from './api-keys.store.js';

/**
 * How long a token works after the end of its session. A phone suspends the page while the iDenfy app is open, so the
 * page often asks for the verdict only after the session has ended.
 */
const readsAfterEnd = '15 minutes';

const reads = `ended_at is null or ended_at > $2::timestamptz - interval '${readsAfterEnd}'`;

/** Client tokens: each belongs to one session, whose row has the token's digest. */
@Injectable()
export class ClientTokensStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The session that the token may read. */
  async find(token: string, now: Date): Promise<{ sessionId: string; platform: string } | 'unknown' | 'ended'> {
    const { rows } = await this.database.query<{ sessionId: string; platform: string; live: boolean }>(
      `select id as "sessionId", platform, ${reads} as live from sessions where client_token_digest = $1`,
      [digestOf(token), now],
    );
    const found = rows[0];
    if (!found) return 'unknown';
    return found.live ? { sessionId: found.sessionId, platform: found.platform } : 'ended';
  }

  /** Which of these sessions their tokens can still read. */
  async liveAmong(sessionIds: readonly string[], now: Date): Promise<Set<string>> {
    const { rows } = await this.database.query<{ id: string }>(
      `select id from sessions where id = any($1::text[]) and (${reads})`,
      [[...sessionIds], now],
    );
    return new Set(rows.map(({ id }) => id));
  }
}
