import { Inject, Injectable } from '@nestjs/common';
import type { Reach } from '../../core/reach.js';
import { Database, type Queryable } from '../../database/database.js';

@Injectable()
export class ExportStore {
  constructor(@Inject(Database) private readonly database: Queryable) {}

  /**
   * The first and the last position of what happened in a time. Positions follow the order of commits and times that of
   * deciding, so between the two there may be events that happened a moment before or after.
   * @param since inclusive @param until exclusive @returns null when there is nothing
   */
  async positionsOf(
    within: { from: number; to: number },
    reach: Reach,
    since: Date | null,
    until: Date | null,
  ): Promise<{ from: number; to: number } | null> {
    const { rows } = await this.database.query<{ from: string | null; to: string | null }>(
      `select min(position) as "from", max(position) as "to" from events
        where position between $1 and $2 and ($3::timestamptz is null or at >= $3)
          and ($4::timestamptz is null or at < $4) and ($5::text is null or platform = $5)`,
      [within.from, within.to, since, until, reach.platform],
    );
    const found = rows[0];
    return found?.from && found.to ? { from: Number(found.from), to: Number(found.to) } : null;
  }

  /** How many events within reach are at these positions. */
  async count({ from, to }: { from: number; to: number }, reach: Reach): Promise<number> {
    const { rows } = await this.database.query<{ n: string }>(
      `select count(*) as n from events
        where position between $1 and $2 and ($3::text is null or platform = $3)`,
      [from, to, reach.platform],
    );
    return Number(rows[0]?.n ?? 0);
  }
}
