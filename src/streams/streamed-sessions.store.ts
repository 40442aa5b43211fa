import { Inject, Injectable } from '@nestjs/common';
import type { Reach } from '../core/reach.js';
import { Database } from '../database/database.js';

@Injectable()
export class StreamedSessionsStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** @returns null when there is no such session */
  async find(sessionId: string, reach: Reach): Promise<{ ended: boolean } | null> {
    const { rows } = await this.database.query<{ ended: boolean }>(
      `select ended_at is not null as ended from sessions where id = $1 and ($2::text is null or platform = $2)`,
      [sessionId, reach.platform],
    );
    return rows[0] ?? null;
  }
}
