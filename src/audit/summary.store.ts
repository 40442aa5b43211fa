import { Inject, Injectable } from '@nestjs/common';
import type { Reach } from '../core/reach.js';
import type { Queryable } from '../database/database.js';
import { ReadDatabase } from '../database/read-database.js';
import type { Window } from './summary-window.js';
import type { AttemptCount, Durations, SessionCount } from './summary.js';

/** The durations of one bucket; `start` null: of all buckets together. */
type In<Counted> = { start: Date } & Counted;
type Timed = { start: Date | null } & Durations;

type Row =
  ({ kind: 'attempts' } & In<AttemptCount>) | ({ kind: 'sessions' } & In<SessionCount>) | ({ kind: 'time' } & Timed);

@Injectable()
export class SummaryStore {
  constructor(@Inject(ReadDatabase) private readonly database: Queryable) {}

  /** One statement, so that all counts show the same moment. */
  async read(
    { from, to, bucket }: Window,
    reach: Reach,
  ): Promise<{
    attempts: In<AttemptCount>[];
    sessions: In<SessionCount>[];
    durations: Timed[];
  }> {
    const { rows } = await this.database.query<Row>(
      `with held as materialized (
         -- A session is created before its attempts. Migration 0015 has an index with this predicate.
         select id, status from sessions where created_at < $2 and held_at is not null and status <> 'passed'
            and ($4::text is null or platform = $4)),
       picked as materialized (
         select date_trunc($3, created_at at time zone 'UTC') as start, state, outcome->>'status' as outcome,
                outcome->>'failReason' as fail_reason, held.status as held_status,
                case when outcome is not null then extract(epoch from ended_at - revealed_at)::float8 end as seconds
           from attempts left join held on held.id = session_id and state = 'passed'
          where created_at >= $1 and created_at < $2 and ($4::text is null or platform = $4))
       select 'attempts' as kind, start at time zone 'UTC' as start, state, outcome, fail_reason as "failReason",
              held_status as "heldStatus", null as status, count(*)::integer as count,
              null::float8 as median, null::float8 as p95
         from picked group by start, state, outcome, fail_reason, held_status
       union all
       select 'sessions', date_trunc($3, created_at at time zone 'UTC') at time zone 'UTC', null, null, null, null,
              status, count(*)::integer, null, null
         from sessions where created_at >= $1 and created_at < $2 and ($4::text is null or platform = $4) group by 2, status
       union all
       select 'time', start at time zone 'UTC', null, null, null, null, null, null,
              percentile_cont(0.5) within group (order by seconds), percentile_cont(0.95) within group (order by seconds)
         from picked where seconds is not null group by grouping sets ((start), ())`,
      [from, to, bucket, reach.platform],
    );
    return {
      attempts: rows.filter((row) => row.kind === 'attempts'),
      sessions: rows.filter((row) => row.kind === 'sessions'),
      durations: rows.filter((row) => row.kind === 'time'),
    };
  }
}
