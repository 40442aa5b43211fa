/** The embedded database behind the shape of a pool: one session, many users. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { asc, eq, inArray, sql } from 'drizzle-orm';
import { bigint, boolean, customType, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { Pool } from 'pg';
import { Database } from '../../src/database/database.js';
import { DatabaseUnavailable, withoutWrapping } from '../../src/database/database-errors.js';
import { FolderInUse, openEmbedded } from '../../src/database/embedded.js';
import type { PglitePool } from '../../src/database/pglite-pool.js';
import { prepareEmpty } from '../support/embedded-template.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const folder = temporaryFolder('pool');
let pool: PglitePool;
let close: () => Promise<void>;

beforeAll(async () => {
  await prepareEmpty(folder);
  ({ pool, close } = await openEmbedded(folder));
  await pool.query('create table notes (id integer primary key, body text)');
  await pool.query('create table parts (note integer references notes deferrable initially deferred)');
});

afterAll(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => pool.query('truncate notes, parts'));

const countOf = async (where = 'true'): Promise<number> =>
  (await pool.query(`select count(*)::int as n from notes where ${where}`)).rows[0]?.n as number;

describe('statements', () => {
  it('of several clients all run, in the order they were asked', async () => {
    const clients = await Promise.all([1, 2, 3, 4].map(() => pool.connect()));
    const order: number[] = [];
    const asked = Array.from({ length: 40 }, (_, id) =>
      clients[id % 4]!.query('insert into notes values ($1)', [id]).then(() => order.push(id)),
    );
    await Promise.all(asked);
    expect(order).toEqual(Array.from({ length: 40 }, (_, id) => id));
    expect(await countOf()).toBe(40);
    for (const client of clients) client.release();
  });

  it('count the rows they touch and give the rows they return', async () => {
    const inserted = await pool.query('insert into notes values (1), (2), (3) returning id');
    expect([inserted.rowCount, inserted.rows]).toEqual([3, [{ id: 1 }, { id: 2 }, { id: 3 }]]);
    expect((await pool.query('update notes set body = $1 where id > $2', ['x', 1])).rowCount).toBe(2);
  });

  it('may begin with comments', async () => {
    const client = await pool.connect();
    await client.query('-- starts\n/* a\ntransaction */ begin');
    await client.query('insert into notes values (1)');
    await client.query('/* and */ rollback');
    client.release();
    expect(await countOf()).toBe(0);
  });
});

describe('an open transaction', () => {
  it('makes the others wait until it is committed, and then they see what it wrote', async () => {
    const [mine, other] = [await pool.connect(), await pool.connect()];
    const order: string[] = [];
    await mine.query('begin');
    await mine.query('insert into notes values (1)');
    const waiting = [
      pool.query('select id from notes').then(({ rows }) => order.push(`pool saw ${rows.length}`)),
      other.query('select id from notes').then(({ rows }) => order.push(`other saw ${rows.length}`)),
    ];
    for (const id of [2, 3, 4]) {
      await mine.query('insert into notes values ($1)', [id]);
      order.push(`wrote ${id}`);
    }
    await mine.query('commit');
    await Promise.all(waiting);
    expect(order).toEqual(['wrote 2', 'wrote 3', 'wrote 4', 'pool saw 4', 'other saw 4']);
    mine.release();
    other.release();
  });

  it('never mixes with another: fifty at once that read, add one and write come to fifty', async () => {
    await pool.query(`insert into notes values (1, '0')`);
    const addOne = async () => {
      const client = await pool.connect();
      await client.query('begin');
      const { rows } = await client.query('select body::int as n from notes where id = 1');
      await client.query('update notes set body = $1 where id = 1', [String((rows[0]?.n as number) + 1)]);
      await client.query('commit');
      client.release();
    };
    await Promise.all(Array.from({ length: 50 }, addOne));
    expect(await countOf(`body = '50'`)).toBe(1);
  });

  it.each(['rollback', 'ROLLBACK;', 'abort', 'rollback work'])('ends with %s, without a trace', async (ending) => {
    const client = await pool.connect();
    await client.query('begin');
    await client.query('insert into notes values (1)');
    await client.query(ending);
    expect(await countOf()).toBe(0);
    client.release();
  });

  it.each(['commit', 'END', 'commit transaction;'])('ends with %s, for good', async (ending) => {
    const client = await pool.connect();
    await client.query('start transaction');
    await client.query('insert into notes values (1)');
    await client.query(ending);
    expect(await countOf()).toBe(1);
    client.release();
  });

  it('is not ended by a rollback to a savepoint', async () => {
    const client = await pool.connect();
    await client.query('begin');
    await client.query('insert into notes values (1)');
    await client.query('savepoint here');
    await client.query('insert into notes values (2)');
    await client.query('rollback to savepoint here');
    const elsewhere = countOf();
    await client.query('insert into notes values (3)');
    await client.query('commit');
    expect(await elsewhere).toBe(2);
    client.release();
  });

  it('is rolled back when its client is released inside it, and the next one goes on', async () => {
    const client = await pool.connect();
    await client.query('begin');
    await client.query('insert into notes values (1)');
    const next = countOf();
    client.release();
    expect(await next).toBe(0);
    expect(await countOf()).toBe(0);
  });
});

describe('an SQL error', () => {
  it('has its SQLSTATE and leaves the pool usable', async () => {
    await expect(pool.query('select * from nothing')).rejects.toMatchObject({ code: '42P01', severity: 'ERROR' });
    await expect(pool.query('selec')).rejects.toMatchObject({ code: '42601' });
    await expect(pool.query('select $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' });
    expect(await countOf()).toBe(0);
  });

  it('in a transaction spoils that one only', async () => {
    const client = await pool.connect();
    await client.query('begin');
    await client.query('insert into notes values (1)');
    const next = countOf();
    await expect(client.query('insert into notes values (1)')).rejects.toMatchObject({ code: '23505' });
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    expect(await next).toBe(0);
    client.release();
  });

  it('at the commit gives the turn back as well', async () => {
    const client = await pool.connect();
    await client.query('begin');
    await client.query('insert into parts values (404)');
    const next = countOf();
    await expect(client.query('commit')).rejects.toMatchObject({ code: '23503' });
    expect(await next).toBe(0);
    client.release();
  });

  it('is told by the database as what it is, and not as an outage', async () => {
    const database = new Database(pool as unknown as Pool, true, () => Promise.resolve());
    await database.query('insert into notes values (1)');
    const error = await database.query('insert into notes values (1)').catch((caught: unknown) => caught);
    expect(withoutWrapping(error)).toMatchObject({ code: '23505', constraint: 'notes_pkey' });
    expect(error).not.toBeInstanceOf(DatabaseUnavailable);
    await expect(database.query('select $1::int', [{}])).rejects.not.toBeInstanceOf(DatabaseUnavailable);
  });
});

describe('notifications', () => {
  interface Heard {
    channel: string;
    payload: string;
  }

  const client = async () => {
    const connected = await pool.connect();
    const heard: Heard[] = [];
    connected.on('notification', (notification: Heard) => heard.push(notification));
    return { connected, heard };
  };

  it('reach the clients that listen and no others', async () => {
    const [listener, bystander] = [await client(), await client()];
    await listener.connected.query('-- wake me\nlisten wakes');
    const woken = once(listener.connected, 'notification');
    await bystander.connected.query(`notify wakes, 'up'`);
    await woken;
    expect(listener.heard).toEqual([{ channel: 'wakes', payload: 'up' }]);
    expect(bystander.heard).toEqual([]);
    listener.connected.release();
    bystander.connected.release();
  });

  it('come once to each listener, however often it asked to listen', async () => {
    const [first, second] = [await client(), await client()];
    await first.connected.query('listen wakes');
    await first.connected.query('listen wakes');
    await second.connected.query('LISTEN wakes');
    const both = [once(first.connected, 'notification'), once(second.connected, 'notification')];
    await pool.query(`select pg_notify('wakes', 'one')`);
    await Promise.all(both);
    expect([first.heard, second.heard]).toEqual([
      [{ channel: 'wakes', payload: 'one' }],
      [{ channel: 'wakes', payload: 'one' }],
    ]);
    first.connected.release();
    second.connected.release();
  });

  it('are not waited for with the turn in hand', async () => {
    const listener = await client();
    await listener.connected.query('listen wakes');
    const other = await pool.connect();
    await other.query('begin');
    await other.query('insert into notes values (1)');
    await other.query('commit');
    expect(await countOf()).toBe(1);
    expect((await listener.connected.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    other.release();
    listener.connected.release();
  });

  it('of a transaction come when it is committed, and never when it is rolled back', async () => {
    const listener = await client();
    await listener.connected.query('listen wakes');
    const other = await pool.connect();
    for (const [payload, ending] of [
      ['lost', 'rollback'],
      ['kept', 'commit'],
    ] as const) {
      await other.query('begin');
      await other.query(`select pg_notify('wakes', $1)`, [payload]);
      expect(listener.heard).toEqual([]);
      const woken = ending === 'commit' ? once(listener.connected, 'notification') : null;
      await other.query(ending);
      await woken;
    }
    expect(listener.heard).toEqual([{ channel: 'wakes', payload: 'kept' }]);
    other.release();
    listener.connected.release();
  });

  it('end for a client that is released', async () => {
    const [gone, stays] = [await client(), await client()];
    await gone.connected.query('listen wakes');
    await stays.connected.query('listen wakes');
    gone.connected.release();
    gone.connected.on('notification', (notification: Heard) => gone.heard.push(notification));
    const woken = once(stays.connected, 'notification');
    await pool.query('notify wakes');
    await woken;
    expect(gone.heard).toEqual([]);
    stays.connected.release();
  });
});

describe('Drizzle on the pool', () => {
  const bytes = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });
  const things = pgTable('things', {
    id: integer('id').primaryKey(),
    at: timestamp('at', { withTimezone: true, mode: 'date' }),
    json: jsonb('json'),
    bytes: bytes('bytes'),
    list: text('list').array(),
    big: bigint('big', { mode: 'number' }),
    yes: boolean('yes'),
  });
  let database: Database;
  beforeAll(async () => {
    database = new Database(pool as unknown as Pool, true, () => Promise.resolve());
    await pool.query(
      `create table things (id integer primary key, at timestamptz, json jsonb, bytes bytea, list text[], big bigint, yes boolean)`,
    );
  });
  beforeEach(() => pool.query('truncate things'));

  const rows: (typeof things.$inferInsert)[] = [
    {
      id: 1,
      at: new Date('2026-02-28T23:59:59.987Z'),
      json: { text: 'ž"\\', list: [1, null, { deep: true }] },
      bytes: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      list: ['plain', 'with, comma', '"quoted"', '{braces}', 'back\\slash', '', 'NULL', 'ž😀'],
      big: Number.MAX_SAFE_INTEGER,
      yes: true,
    },
    { id: 2, at: new Date(0), json: [], bytes: Buffer.alloc(0), list: [], big: -1, yes: false },
    { id: 3, at: null, json: null, bytes: null, list: null, big: null, yes: null },
    { id: 4, at: new Date('2199-12-31T23:59:59.001Z'), json: 'text', bytes: null, list: [' '], big: 0, yes: null },
  ];

  it('gives dates, jsonb, bytea, arrays and large numbers back as they went in', async () => {
    await database.orm.insert(things).values(rows);
    expect(await database.orm.select().from(things).orderBy(asc(things.id))).toEqual(rows);
  });

  it('does so in a transaction, and gives the changed rows', async () => {
    const returned = await database.transaction(async (tx) => {
      await tx.orm.insert(things).values(rows);
      return tx.orm
        .update(things)
        .set({ list: ['a', 'b'] })
        .where(eq(things.id, 1))
        .returning();
    });
    expect(returned).toEqual([{ ...rows[0], list: ['a', 'b'] }]);
  });

  it('compares with dates, bytes and lists', async () => {
    await database.orm.insert(things).values(rows);
    const found = (where: ReturnType<typeof eq>) => database.orm.select({ id: things.id }).from(things).where(where);
    expect(await found(eq(things.at, rows[0]!.at!))).toEqual([{ id: 1 }]);
    expect(await found(eq(things.bytes, rows[0]!.bytes!))).toEqual([{ id: 1 }]);
    expect(await found(inArray(things.id, [2, 3]))).toEqual([{ id: 2 }, { id: 3 }]);
    expect(await found(sql`${things.list} @> array['plain']`)).toEqual([{ id: 1 }]);
  });

  it('gives plain SQL the same values as node-postgres does', async () => {
    await database.orm.insert(things).values(rows[0]!);
    const plain = await database.query<{ at: Date; bytes: Buffer; big: string; list: string[] }>(
      'select * from things',
    );
    expect(plain.rows[0]).toEqual({ ...rows[0], big: String(Number.MAX_SAFE_INTEGER) });
    expect(plain.rows[0]?.at).toBeInstanceOf(Date);
  });
});

// Last, because these close what the others use.
describe('the folder', () => {
  it('is in use for whoever opens it a second time, and the first goes on', async () => {
    await expect(openEmbedded(folder)).rejects.toThrow(FolderInUse);
    await expect(openEmbedded(folder)).rejects.toThrow('FACECODE_DATA_DIR');
    expect(await countOf()).toBe(0);
  });

  it('is free again when it was closed or its process was killed, and has what was committed', async () => {
    await pool.query(`insert into notes values (1, 'kept')`);
    await close();
    const lock = join(folder, 'lock.sock');
    const dead = spawn(process.execPath, ['-e', `require('node:net').createServer().listen(${JSON.stringify(lock)})`]);
    while (!existsSync(lock)) await new Promise((resolve) => setImmediate(resolve));
    dead.kill('SIGKILL');
    await once(dead, 'exit');
    expect(existsSync(lock)).toBe(true);
    ({ pool, close } = await openEmbedded(folder));
    expect(await countOf(`body = 'kept'`)).toBe(1);
  });
});
