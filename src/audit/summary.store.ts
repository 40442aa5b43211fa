import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Window } from './summary-window.js';
import type { Count, Durations } from './summary.js';

/** Of one bucket; `start` null: of all of them together. */
export type Counted = { start: Date } & Count;
export type Timed = { start: Date | null } & Durations;

type Row = { start: Date | null } & (
  | ({ kind: 'count' } & Count & Record<keyof Durations, null>)
  | ({ kind: 'time' } & Durations & Record<keyof Count, null>)
);

@Injectable()
export class SummaryStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** One statement, so that counts and durations are of the same attempts. */
  async read({ from, to, bucket }: Window): Promise<{ counts: Counted[]; durations: Timed[] }> {
    const { rows } = await this.database.query<Row>(
      `with picked as materialized (
         select date_trunc($3, created_at at time zone 'UTC') as start, state, outcome->>'status' as outcome,
                outcome->>'failReason' as fail_reason,
                case when outcome is not null then extract(epoch from ended_at - revealed_at)::float8 end as seconds
           from attempts where created_at >= $1 and created_at < $2)
       select 'count' as kind, start at time zone 'UTC' as start, state, outcome, fail_reason as "failReason",
              count(*)::integer as attempts, null::float8 as median, null::float8 as p95
         from picked group by start, state, outcome, fail_reason
       union all
       select 'time', start at time zone 'UTC', null, null, null, null,
              percentile_cont(0.5) within group (order by seconds), percentile_cont(0.95) within group (order by seconds)
         from picked where seconds is not null group by grouping sets ((start), ())`,
      [from, to, bucket],
    );
    return {
      counts: rows.filter((row) => row.kind === 'count') as Counted[],
      durations: rows.filter((row) => row.kind === 'time') as Timed[],
    };
  }
}
