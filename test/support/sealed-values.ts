/** What the sealed columns hold, as somebody sees it who has the database and every key of the service. */
import { sealedColumns, type SealedColumn } from '../../src/database/sealed-columns.js';
import { Sealer } from '../../src/core/sealing.js';
import type { Database } from '../../src/database/database.js';

export interface OpenedValue {
  /** `table.column` */
  where: string;
  text: string;
}

const columns: readonly SealedColumn[] = Object.values(sealedColumns) as readonly SealedColumn[];

/** Every sealed value that opens with these keys or with any key of a subject that they open. */
export async function openedValues(database: Database, keys: readonly Buffer[]): Promise<OpenedValue[]> {
  const service = new Sealer(keys);
  const { rows } = await database.query<{ id: string; sealed: Buffer }>(
    'select id, key_sealed as sealed from subject_keys where key_sealed is not null',
  );
  const subjects = rows.map(({ id, sealed }) => new Sealer([service.open(sealed, `subject-key:${id}`)]));
  const opened: OpenedValue[] = [];
  for (const { table, column, boundTo, context } of columns) {
    const found = await database.query<{ sealed: Buffer; key: string[] }>(
      `select ${column} as sealed, array[${boundTo.map((one) => `${one}::text`).join(', ')}] as key
         from ${table} where ${column} is not null and octet_length(${column}) > 0`,
    );
    for (const { sealed, key } of found.rows) {
      for (const sealer of [service, ...subjects]) {
        if (!sealer.knowsKeyOf(sealed)) continue;
        opened.push({ where: `${table}.${column}`, text: sealer.open(sealed, context(...key)).toString('utf8') });
      }
    }
  }
  return opened;
}
