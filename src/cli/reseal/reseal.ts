/**
 * Seals everything again that is not sealed with the first FACECODE_ENCRYPTION_KEY in the current layout, so that other
 * keys can be retired. Works in small transactions beside a running service. If it is stopped, the next run goes on with
 * what is left.
 */
import type { Sealer } from '../../core/sealing.js';
import type { Database } from '../../database/database.js';
import { sealedColumns, type SealedColumn } from '../../database/sealed-columns.js';
import type { RedoneDigests } from './redone-digests.js';
import type { ResealStore } from './reseal.store.js';

const batch = 200;

export interface Resealed {
  /** `table.column` */
  where: string;
  resealed: number;
  /** values that none of the configured keys opens */
  unreadable: number;
}

export interface Remaining {
  where: string;
  count: number;
  /** true: they are in the journal, which is append-only */
  fixed: boolean;
}

const columns = Object.values(sealedColumns) as unknown as readonly SealedColumn[];
const nameOf = ({ table, column }: SealedColumn): string => `${table}.${column}`;

/** @param progress called after each column and, in large ones, now and then */
export async function resealAll(
  { database, store, sealer }: { database: Database; store: ResealStore; sealer: Sealer },
  progress: (done: Resealed, over: boolean) => void,
): Promise<void> {
  for (const column of columns) {
    if (column.fixed) continue;
    const done: Resealed = { where: nameOf(column), resealed: 0, unreadable: 0 };
    let after: readonly string[] | null = null;
    let batches = 0;
    do {
      after = await resealBatch({ database, store, sealer }, column, after, done);
      batches += 1;
      if (after !== null && batches % 50 === 0) progress(done, false);
    } while (after !== null);
    progress(done, true);
  }
}

/** @returns the primary key of the last row; null: there are no more */
async function resealBatch(
  { database, store, sealer }: { database: Database; store: ResealStore; sealer: Sealer },
  column: SealedColumn,
  after: readonly string[] | null,
  done: Resealed,
): Promise<readonly string[] | null> {
  const counted = await database.transaction(async (tx) => {
    const rows = await store.next(tx, column, sealer.header, after, batch);
    const readable = rows.flatMap((row) => {
      const plain = openOrNull(sealer, row.sealed, column.context(...row.bound));
      return plain === null ? [] : [{ ...row, resealed: sealer.seal(plain, column.context(...row.bound)) }];
    });
    if (readable.length > 0) await store.replace(tx, column, readable);
    const last = rows.length < batch ? null : (rows.at(-1)?.key ?? null);
    return { resealed: readable.length, unreadable: rows.length - readable.length, last };
  });
  done.resealed += counted.resealed;
  done.unreadable += counted.unreadable;
  return counted.last;
}

/** The columns that still have values sealed with another key. */
export async function remaining(store: ResealStore, sealer: Sealer): Promise<Remaining[]> {
  const found: Remaining[] = [];
  for (const column of columns) {
    const count = await store.countOthers(column, sealer.header);
    if (count > 0) found.push({ where: nameOf(column), count, fixed: column.fixed === true });
  }
  return found;
}

/** Makes the keyed digests again with the first key. @returns how many rows changed */
export async function redoDigests({
  database,
  store,
  digests,
}: {
  database: Database;
  store: ResealStore;
  digests: RedoneDigests;
}): Promise<{ sessions: number; webhooks: number; lost: number }> {
  const total = { sessions: 0, webhooks: 0, lost: 0 };
  for (let after: string | null = ''; after !== null;) {
    const from: string = after;
    const done = await database.transaction((tx) => digests.ofSessions(tx, store, from, batch));
    total.sessions += done.changed;
    total.lost += done.lost;
    after = done.last;
  }
  for (let after: string | null = ''; after !== null;) {
    const from: string = after;
    const done = await database.transaction((tx) => digests.ofWebhooks(tx, store, from, batch));
    total.webhooks += done.changed;
    after = done.last;
  }
  return total;
}

function openOrNull(sealer: Sealer, sealed: Buffer, context: string): Buffer | null {
  try {
    return sealer.open(sealed, context);
  } catch {
    return null;
  }
}
