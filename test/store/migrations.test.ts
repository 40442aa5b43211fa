/**
 * Migrations on the embedded database: what is applied, what is refused, and that the schema in code agrees with it.
 */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { readSettings } from '../../src/config/read-settings.js';
import { connectDatabase } from '../../src/database/connect.js';
import type { Database } from '../../src/database/database.js';
import { migrate, migrations, MigrationsPending, pendingMigrations } from '../../src/database/migrate.js';
import { openDatabase } from '../../src/database/open.js';
import * as deliveriesSchema from '../../src/database/deliveries-schema.js';
import * as schema from '../../src/database/schema.js';
import { prepareEmpty } from '../support/embedded-template.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

const names = migrations().map(({ name }) => name);
const folder = temporaryFolder('migrations');
let database: Database;
let refusal: unknown;

beforeAll(async () => {
  const off = readSettings(testEnvironment(folder, { MIGRATE_ON_START: 'off' }));
  await prepareEmpty(folder);
  // Opening PGlite takes seconds, so the refused start on the new folder and all other tests share one.
  refusal = await openDatabase(off).catch((error: unknown) => error);
  database = await connectDatabase(off);
});

afterAll(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const textsOf = async (sql: string): Promise<string[]> =>
  (await database.query<{ text: string }>(sql)).rows.map(({ text }) => text);

const tables = () =>
  textsOf(`select table_name::text as text from information_schema.tables where table_schema = 'public' order by 1`);
const recorded = () => textsOf('select name as text from facecode_migrations order by number');

const empty = async () => {
  await database.query('drop schema public cascade');
  await database.query('create schema public');
};

describe('the migrations', () => {
  beforeEach(empty);

  it('are numbered in order, without gaps and without doubles', () => {
    expect(migrations().map(({ number }) => number)).toEqual(names.map((_, index) => index + 1));
    expect(names.filter((name) => !/^\d{4}_[a-z0-9_]+\.sql$/.test(name))).toEqual([]);
  });

  it('are all applied to an empty database, in order, and recorded', async () => {
    expect(names.length).toBeGreaterThan(0);
    expect(await migrate(database)).toEqual(names);
    expect(await recorded()).toEqual(names);
    expect(await tables()).toContain('sessions');
  });

  it('are not applied a second time', async () => {
    await migrate(database);
    expect(await migrate(database)).toEqual([]);
    expect(await recorded()).toEqual(names);
  });

  it('are each applied once by four runs at the same time', async () => {
    const runs = await Promise.all([1, 2, 3, 4].map(() => migrate(database)));
    expect(runs.flat()).toEqual(names);
    expect(runs.filter((applied) => applied.length === 0)).toHaveLength(3);
    expect(await recorded()).toEqual(names);
  });

  it('are refused when one of them was changed after it had been applied', async () => {
    await migrate(database);
    await database.query(`update facecode_migrations set digest = repeat('0', 64) where number = 1`);
    await expect(migrate(database)).rejects.toThrow(`migration ${names[0]} was changed after it had been applied`);
    expect(await recorded()).toEqual(names);
  });

  it('are refused by a database that is newer than this version', async () => {
    await migrate(database);
    await database.query(`insert into facecode_migrations (number, name, digest) values (9998, 'future', 'f')`);
    await expect(migrate(database)).rejects.toThrow('migrations that this version does not know: 9998');
  });

  it('leave nothing behind when one of them fails', async () => {
    await database.query('create table api_keys (id integer)');
    await expect(migrate(database)).rejects.toMatchObject({ code: '42P07' });
    expect(await tables()).toEqual(['api_keys']);
    await database.query('drop table api_keys');
    expect(await migrate(database)).toEqual(names);
  });
});

describe('an upgrade to platforms that are kept apart', () => {
  beforeEach(empty);

  it('gives each attempt, webhook, failure and idempotency key its platform, and loses no first answer', async () => {
    const upgrade = migrations().find(({ name }) => name === '0020_platforms_apart.sql')!;
    for (const { number, sql } of migrations()) if (number < upgrade.number) await database.query(sql);
    await database.query(`
      insert into api_keys (id, name, scopes, digest, hint, created_at, platform)
      values ('key_a', 'a', '{sessions}', 'a', '', now(), 'alpha'), ('key_b', 'b', '{sessions}', 'b', '', now(), 'alpha'),
             ('key_m', 'm', '{admin}', 'm', '', now(), '*')`);
    await database.query(`
      insert into sessions (id, platform, status, scan_ref, channels, code_lifetime_seconds, max_attempts, retry_on,
                            personal_sealed, client_token_digest, created_by, seq, created_at, updated_at, expires_at)
      select 'ses_' || platform, platform, 'active', platform, '{code}', 60, 3, '{failed}', '', platform::bytea, 'key_a', 1,
             now(), now(), now()
        from unnest('{alpha,main}'::text[]) as one (platform)`);
    await database.query(`
      insert into attempts (id, session_id, number, state, created_at, scan_ref)
      select 'att_' || scan_ref, id, 1, 'requested', now(), scan_ref from sessions`);
    await database.query(`
      insert into webhooks (id, digest, key_index, state, received_at, attempt_id)
      values ('whk_1', '1', 0, 'applied', now(), 'att_alpha'), ('whk_2', '2', 0, 'unmatched', now(), null)`);
    await database.query(
      `insert into subjects (scan_ref, consecutive_failures, updated_at) values ('alpha', 3, now())`,
    );
    await database.query(`
      insert into idempotency_keys (api_key_id, key, request_digest, session_id, leased_until, created_at)
      values ('key_a', 'same', 'a', 'ses_alpha', now(), now() - interval '2 hours'),
             ('key_b', 'same', 'b', 'ses_gone', now(), now() - interval '1 hour'),
             ('key_m', 'same', 'm', 'ses_main', now(), now()), ('key_m', 'other', 'm', 'ses_gone', now(), now())`);

    await database.query(upgrade.sql);

    expect(await textsOf(`select id || ' ' || platform as text from attempts order by id`)).toEqual([
      'att_alpha alpha',
      'att_main main',
    ]);
    expect(await textsOf(`select id || ' ' || coalesce(platform, '-') as text from webhooks order by id`)).toEqual([
      'whk_1 alpha',
      'whk_2 -',
    ]);
    expect(await textsOf('select failures_by_platform::text as text from subjects')).toEqual(['{"main": 3}']);
    const keys = `select platform || ' ' || key || ' ' || api_key_id as text from idempotency_keys order by 1`;
    expect(await textsOf(keys)).toEqual(['alpha same key_a', 'main other key_m', 'main same key_m']);
  });
});

describe('pending migrations', () => {
  beforeEach(empty);

  it('are all of them on an empty database, and asking changes nothing', async () => {
    expect(await pendingMigrations(database)).toEqual(names);
    expect(await tables()).toEqual([]);
  });

  it('are none once they are applied', async () => {
    await migrate(database);
    expect(await pendingMigrations(database)).toEqual([]);
  });

  it('are those whose number is not recorded', async () => {
    await migrate(database);
    await database.query('delete from facecode_migrations where number = $1', [names.length]);
    expect(await pendingMigrations(database)).toEqual(names.slice(-1));
  });

  it('are named to the operator whose service does not migrate at its start', () => {
    expect(refusal).toBeInstanceOf(MigrationsPending);
    expect((refusal as Error).message).toContain(`MIGRATE_ON_START=off`);
    expect((refusal as Error).message).toContain(names.join(', '));
    expect((refusal as Error).message).toContain('facecode migrate');
  });
});

describe('the schema in code', () => {
  interface Column {
    table: string;
    column: string;
    type: string;
    required: boolean;
    filledIn: boolean;
    key: boolean;
  }

  const inCode = [...Object.values(schema), ...Object.values(deliveriesSchema)]
    .filter((value) => is(value, PgTable))
    .map((table) => getTableConfig(table));

  const columnsInCode: Column[] = inCode.flatMap(({ name: table, columns, primaryKeys }) =>
    columns.map((column) => ({
      table,
      column: column.name,
      type: column.getSQLType(),
      required: column.notNull,
      filledIn: column.hasDefault || column.generatedIdentity !== undefined,
      key: column.primary || primaryKeys.some(({ columns: parts }) => parts.some(({ name }) => name === column.name)),
    })),
  );

  const byName = (columns: Column[]): Map<string, Column> =>
    new Map(columns.map((column) => [`${column.table}.${column.column}`, column]));

  let columnsInDatabase: Column[];
  beforeAll(async () => {
    await empty();
    await migrate(database);
    const { rows } = await database.query<Column & { table: string }>(
      `select class.relname::text as table, attname::text as column, format_type(atttypid, atttypmod) as type,
              attnotnull as required, (atthasdef or attidentity <> '') as "filledIn",
              exists (select from pg_index where indrelid = class.oid and indisprimary and attnum = any (indkey)) as key
         from pg_attribute join pg_class as class on class.oid = attrelid
        where class.relkind = 'r' and class.relnamespace = 'public'::regnamespace and attnum > 0 and not attisdropped
          and class.relname <> 'facecode_migrations'
        order by class.relname, attnum`,
    );
    columnsInDatabase = rows;
  });

  it('has the tables of the database', () => {
    const theirs = [...new Set(columnsInDatabase.map(({ table }) => table))];
    expect(inCode.map(({ name }) => name).sort()).toEqual(theirs.sort());
    expect(theirs.length).toBeGreaterThan(5);
  });

  it('has every column, with its type, whether it may be null, has a default and is of the key', () => {
    expect(columnsInCode.length).toBeGreaterThan(60);
    const [mine, theirs] = [byName(columnsInCode), byName(columnsInDatabase)];
    expect([...mine.keys()].sort()).toEqual([...theirs.keys()].sort());
    for (const [name, column] of mine) expect(column).toEqual(theirs.get(name));
  });

  it('knows the columns that the database makes itself', async () => {
    const identities = await textsOf(
      `select table_name || '.' || column_name as text from information_schema.columns
        where table_schema = 'public' and is_identity = 'YES' and identity_generation = 'ALWAYS'`,
    );
    const generated = inCode.flatMap(({ name, columns }) =>
      columns
        .filter(({ generatedIdentity }) => generatedIdentity?.type === 'always')
        .map((column) => `${name}.${column.name}`),
    );
    expect(generated.toSorted()).toEqual(identities.toSorted());
  });
});
