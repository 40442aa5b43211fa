/**
 * Numbered, forward-only migrations. A number is claimed before its statements run, in one transaction under an
 * advisory lock, so that replicas which start together apply each exactly once.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Database, Queryable } from './database.js';

/** "Face" in ASCII. */
const advisoryLockKey = 0x46616365;
const folder = new URL('./migrations/', import.meta.url);

interface Migration {
  number: number;
  name: string;
  sql: string;
  digest: string;
}

export function migrations(): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, folder), 'utf8');
      return { number: Number(name.slice(0, 4)), name, sql, digest: createHash('sha256').update(sql).digest('hex') };
    });
}

export class MigrationsPending extends Error {
  constructor(names: readonly string[]) {
    super(`MIGRATE_ON_START=off and migrations are pending: ${names.join(', ')}; run \`facecode migrate\` first`);
    this.name = 'MigrationsPending';
  }
}

/** The database was migrated by an incompatible version of this program. */
export class MigrationsUnfit extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MigrationsUnfit';
  }
}

/**
 * @returns the names of the migrations that the database lacks
 * @throws MigrationsUnfit as `migrate` does
 */
export async function pendingMigrations(database: Queryable): Promise<string[]> {
  const { rows: found } = await database.query<{ table: string | null }>(
    `select to_regclass('facecode_migrations')::text as table`,
  );
  const done = found[0]?.table == null ? new Map<number, string>() : await applied(database);
  return missing(done).map(({ name }) => name);
}

/**
 * @returns the names of those applied now
 * @throws MigrationsUnfit if an applied migration differs from its file, or if the database is newer than this code
 */
export function migrate(database: Database): Promise<string[]> {
  return database.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [advisoryLockKey]);
    await tx.query(
      `create table if not exists facecode_migrations
        (number integer primary key, name text not null, digest text not null, applied_at timestamptz not null default now())`,
    );
    const done = await applied(tx);
    const names: string[] = [];
    for (const { number, name, sql, digest } of missing(done)) {
      await tx.query('insert into facecode_migrations (number, name, digest) values ($1, $2, $3)', [
        number,
        name,
        digest,
      ]);
      for (const statement of statements(sql)) await tx.query(statement);
      names.push(name);
    }
    return names;
  });
}

/** @param done digests by number */
function missing(done: Map<number, string>): Migration[] {
  const known = migrations();
  const newer = [...done.keys()].filter((number) => !known.some((migration) => migration.number === number));
  if (newer.length > 0) {
    throw new MigrationsUnfit(`the database has migrations that this version does not know: ${newer.join(', ')}`);
  }
  const changed = known.find(({ number, digest }) => done.has(number) && done.get(number) !== digest);
  if (changed) throw new MigrationsUnfit(`migration ${changed.name} was changed after it had been applied`);
  return known.filter(({ number }) => !done.has(number));
}

async function applied(database: Queryable): Promise<Map<number, string>> {
  const { rows } = await database.query<{ number: number; digest: string }>(
    'select number, digest from facecode_migrations order by number',
  );
  return new Map(rows.map(({ number, digest }) => [number, digest]));
}

/** Statements end with a semicolon at the end of a line, but not between `$$`; migrations are written so. */
function statements(sql: string): string[] {
  const bodies: string[] = [];
  return sql
    .replaceAll(/\$\$[\s\S]*?\$\$/g, (body) => `<body ${bodies.push(body) - 1}>`)
    .replaceAll(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim().replaceAll(/<body (\d+)>/g, (_, nth: string) => bodies[Number(nth)]!))
    .filter((statement) => statement !== '');
}
