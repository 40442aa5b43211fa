import { Inject, Injectable } from '@nestjs/common';
import { and, desc, eq, gte, isNotNull, lt, sql } from 'drizzle-orm';
import type { AttemptRow } from '../attempts/rows.js';
import type { AttemptState } from '../attempts/states.js';
import type { Reach } from '../core/reach.js';
import type { Queryable } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import { attempts } from '../database/schema.js';
import { within } from '../database/within.js';
import type { PageEnd } from '../http/cursor.js';
import type { FinalStatus } from '../idenfy/contract.js';

export interface AttemptFilter {
  reach: Reach;
  state?: AttemptState;
  outcome?: FinalStatus;
  failReason?: string;
  signal?: string;
  scanRef?: string;
  /** of one address, by each key; an attempt with any of them is meant */
  ipDigests?: Buffer[];
  from?: Date;
  to?: Date;
  /** the last attempt of the page before */
  before?: PageEnd;
  limit: number;
}

@Injectable()
export class AttemptsSearchStore {
  constructor(@Inject(ReadDatabase) private readonly database: Queryable) {}

  /**
   * Newest first. Each filter alone is a range of its own index (migration 0009, whose predicates stand here again);
   * several together are a range of the most selective, filtered by the others.
   */
  search(filter: AttemptFilter): Promise<AttemptRow[]> {
    const { state, outcome, failReason, signal, scanRef, ipDigests, from, to, before } = filter;
    return this.database.orm
      .select()
      .from(attempts)
      .where(
        and(
          within(filter.reach, attempts.platform),
          state && eq(attempts.state, state),
          outcome && and(isNotNull(attempts.outcome), sql`${attempts.outcome}->>'status' = ${outcome}`),
          failReason === undefined ? undefined : sql`${attempts.outcome}->>'failReason' = ${failReason}`,
          signal === undefined
            ? undefined
            : sql`${attempts.signals} @> array[${signal}::text] and array_length(${attempts.signals}, 1) is not null`,
          scanRef === undefined ? undefined : eq(attempts.scanRef, scanRef),
          ipDigests &&
            sql`${attempts.ipDigests} && ${sql.param(ipDigests)}::bytea[] and array_length(${attempts.ipDigests}, 1) is not null`,
          from && gte(attempts.createdAt, from),
          to && lt(attempts.createdAt, to),
          before && sql`(${attempts.createdAt}, ${attempts.id}) < (${before.at}, ${before.id})`,
        ),
      )
      .orderBy(desc(attempts.createdAt), desc(attempts.id))
      .limit(filter.limit) as Promise<unknown> as Promise<AttemptRow[]>;
  }
}
