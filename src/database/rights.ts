/**
 * Finds the tables and functions that the role of the connection may not use. An upgrade adds some, and the role has no
 * rights on them until somebody grants these. Without this check the service would start, and fail at its first erasure.
 */
import { getTableName } from 'drizzle-orm';
import type { Queryable } from './database.js';
import * as deliveriesSchema from './deliveries-schema.js';
import { functions } from './grants.js';
import * as schema from './schema.js';

export class RightsMissing extends Error {
  constructor(role: string, names: readonly string[]) {
    super(
      `the database role ${JSON.stringify(role)} has no rights on ${names.join(', ')}; run \`facecode migrate --grant-to <role>\` as the owner of the tables`,
    );
    this.name = 'RightsMissing';
  }
}

/** @throws RightsMissing if the role lacks rights that every role needs that runs the service */
export async function checkRights(database: Queryable): Promise<void> {
  const tables = [...Object.values(schema), ...Object.values(deliveriesSchema)].map((table) => getTableName(table));
  const { rows } = await database.query<{ role: string; name: string }>(
    `select current_user::text as role, name from unnest($1::text[]) as name
      where not (has_table_privilege(name, 'select') and has_table_privilege(name, 'insert'))
     union all
     select current_user::text, name from unnest($2::text[]) as name
      where not has_function_privilege(name, 'execute')`,
    [tables, [...functions]],
  );
  const [first] = rows;
  if (first)
    throw new RightsMissing(
      first.role,
      rows.map(({ name }) => name),
    );
}
