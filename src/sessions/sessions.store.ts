import { Inject, Injectable } from '@nestjs/common';
import { and, desc, eq, gte, inArray, lt, sql } from 'drizzle-orm';
import { AttemptsStore } from '../attempts/attempts.store.js';
import type { SessionWithAttempts } from '../attempts/rows.js';
import type { SessionStatus } from '../attempts/states.js';
import type { Reach } from '../core/reach.js';
import { Database, type Transaction } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import { attempts, sessions } from '../database/schema.js';
import { within } from '../database/within.js';
import type { PageEnd } from '../http/cursor.js';

export interface SessionFilter {
  reach: Reach;
  status?: SessionStatus;
  scanRef?: string;
  referenceDigests?: Buffer[];
  createdAfter?: Date;
  createdBefore?: Date;
  /** the last session of the page before */
  before?: PageEnd;
  limit: number;
}

@Injectable()
export class SessionsStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadDatabase) private readonly reads: ReadDatabase,
    @Inject(AttemptsStore) private readonly rows: AttemptsStore,
  ) {}

  /** Newest first. A range of time and the page's end are one range of whichever index serves the filter. */
  async list(filter: SessionFilter): Promise<SessionWithAttempts[]> {
    const rows = await this.reads.orm
      .select({ id: sessions.id })
      .from(sessions)
      .where(
        and(
          within(filter.reach, sessions.platform),
          filter.status && eq(sessions.status, filter.status),
          filter.scanRef === undefined ? undefined : eq(sessions.scanRef, filter.scanRef),
          filter.referenceDigests && inArray(sessions.referenceDigest, filter.referenceDigests),
          filter.createdAfter && gte(sessions.createdAt, filter.createdAfter),
          filter.createdBefore && lt(sessions.createdAt, filter.createdBefore),
          filter.before && sql`(${sessions.createdAt}, ${sessions.id}) < (${filter.before.at}, ${filter.before.id})`,
        ),
      )
      .orderBy(desc(sessions.createdAt), desc(sessions.id))
      .limit(filter.limit);
    return this.rows.findMany(
      this.reads,
      rows.map(({ id }) => id),
    );
  }

  async firstAttempt(sessionId: string): Promise<string> {
    const [row] = await this.database.orm
      .select({ id: attempts.id })
      .from(attempts)
      .where(and(eq(attempts.sessionId, sessionId), eq(attempts.number, 1)));
    if (!row) throw new Error(`session ${sessionId} has no attempt`);
    return row.id;
  }

  /** The sealed fields, what they are found by, and where an identification would go on. @returns how many had any */
  async wipePersonal(tx: Transaction, sessionIds: readonly string[]): Promise<number> {
    const { count } = await tx.query(
      `update sessions set personal_sealed = '', reference_digest = null, identification_sealed = null
        where id = any ($1) and (octet_length(personal_sealed) > 0 or identification_sealed is not null)`,
      [[...sessionIds]],
    );
    return count;
  }

  async replaceClientToken(sessionId: string, digest: Buffer): Promise<void> {
    await this.database.orm.update(sessions).set({ clientTokenDigest: digest }).where(eq(sessions.id, sessionId));
  }
}
