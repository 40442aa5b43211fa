/** Holds every session's rows against its events. Reads only; runs beside a living service. */
import { isDeepStrictEqual } from 'node:util';
import type { Database } from '../database/database.js';
import type { JournalStore } from '../journal/journal.store.js';
import type { AttemptsStore } from './attempts.store.js';
import { fold, type Folded, folded } from './fold.js';

export interface Difference {
  sessionId: string;
  /** null: the events are no history; `fault` says why */
  expected: Folded | null;
  found: Folded;
  fault: string | null;
}

const pageSize = 200;

export class Consistency {
  constructor(
    private readonly database: Database,
    private readonly attempts: AttemptsStore,
    private readonly journal: JournalStore,
  ) {}

  /** @returns how many sessions were looked at */
  async check(onDifference: (difference: Difference) => void): Promise<number> {
    let after = '';
    for (let checked = 0; ;) {
      const { rows } = await this.database.query<{ id: string }>(
        'select id from sessions where id > $1 order by id limit $2',
        [after, pageSize],
      );
      for (const { id } of rows) {
        const difference = await this.differenceOf(id);
        if (difference) onDifference(difference);
      }
      checked += rows.length;
      const last = rows.at(-1);
      if (!last) return checked;
      after = last.id;
    }
  }

  private differenceOf(sessionId: string): Promise<Difference | null> {
    return this.database.transaction(async (tx) => {
      // Under the session's lock: no move comes between the two readings.
      const rows = await this.attempts.lock(tx, sessionId);
      if (!rows) return null;
      const found = folded(rows);
      try {
        const expected = fold(await this.journal.ofSession(tx, sessionId));
        return isDeepStrictEqual(expected, found) ? null : { sessionId, expected, found, fault: null };
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        return { sessionId, expected: null, found, fault: error.message };
      }
    });
  }
}
