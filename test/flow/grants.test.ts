import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { readSettings } from '../../src/config/read-settings.js';
import { connectDatabase } from '../../src/database/connect.js';
import { migrate, MigrationsPending } from '../../src/database/migrate.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { Client } from '../support/client.js';
import { composeFile } from '../support/compose-file.js';
import { ensureBuilt } from '../support/ensure-built.js';
import { createDatabase } from '../support/postgres.js';
import { startRedisWithPassword } from '../support/redis.js';
import { runFacecode } from '../support/run-facecode.js';
import { describeServers } from '../support/servers.js';
import { startTestService, type TestService } from '../support/service.js';
import { idenfyVariables, simulatorKeys } from '../support/store.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

describeServers('a role that may run the service and not change the journal', ['postgres'], (servers) => {
  const folder = temporaryFolder('grants');
  const compose = composeFile();
  // A name that has to be quoted.
  const role = `App role ${randomBytes(4).toString('hex')}`;
  let database: { url: string; drop: () => Promise<void> };
  let simulator: Simulator;
  let service: TestService;

  const as = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return work(client).finally(() => client.end());
  };
  const asRole = () => {
    const url = new URL(database.url);
    url.username = encodeURIComponent(role);
    return url.href;
  };
  const variables = (url: string) => ({ ...idenfyVariables(simulator), DATABASE_URL: url });

  const migrateAndGrant = (to = role) =>
    runFacecode(['migrate', '--grant-to', to], { cwd: folder, env: testEnvironment(folder, variables(database.url)) });

  beforeAll(async () => {
    await ensureBuilt();
    database = await createDatabase(servers.postgres);
    simulator = await startSimulator({ ...simulatorKeys, webhookUrl: null });
    // As `facecode migrate` does it.
    const settings = readSettings(testEnvironment(folder, variables(database.url)));
    const opened = await connectDatabase(settings);
    await migrate(opened);
    const early = startTestService({ ...variables(database.url), MIGRATE_ON_START: 'off' });
    await expect(early).rejects.toThrow(MigrationsPending);
    await opened.close();
    // As Compose does it, at its first start and at the next one.
    for (let start = 1; start <= 2; start += 1) {
      await as(database.url, (owner) => owner.query(compose.roleStatements(role)));
      expect(await migrateAndGrant()).toMatchObject({ code: 0, err: '' });
    }
    service = await startTestService({ ...variables(asRole()), MIGRATE_ON_START: 'off' });
    simulator.setWebhookUrl(`${service.url}/webhooks/idenfy`);
  });

  afterAll(async () => {
    await service.close();
    await simulator.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
    await as(servers.postgres, (owner) => owner.query(`drop role "${role}"`));
  });

  it('runs a whole flow, seals it, proves it and erases its subject', async () => {
    const client = new Client(service.url, service.adminKey);
    const session = await client.create('granted', { reference: 'order-1' });
    await simulator.selfie({ digitString: session.attempt!.code!, outcome: 'FAILED' });
    const again = await client.until(session.id, 'its second code', ({ attempts }) => attempts[1]?.state === 'issued');
    const revealed = await client.post(`/v1/sessions/${again.id}/code`).expect(200);
    await simulator.selfie({ digitString: (revealed.body as { code: string }).code, outcome: 'SUCCESS' });
    await client.until(session.id, 'the pass', ({ status }) => status === 'passed');
    const events = await client.untilEvent(session.id, 'session.passed');
    await client.get(`/v1/journal/proof/${events[0]!.id}`).expect(200);
    const erased = await client.post('/v1/subjects/granted/erase').expect(200);
    expect(erased.body).toMatchObject({ keysDestroyed: 1 });
    expect((await client.events(session.id)).every(({ personal }) => personal === null)).toBe(true);
    expect((await client.get('/v1/journal/verify').expect(200)).body).toMatchObject({ valid: true });
  });

  it.each([
    `update events set data = '{}'`,
    'update events set personal_sealed = null',
    'delete from events',
    'truncate events cascade',
    'update checkpoints set note = note',
    'delete from checkpoints',
    'truncate checkpoints',
    'delete from journal_nodes',
    'alter table events disable trigger user',
    'drop table events',
    'delete from facecode_migrations',
    `insert into facecode_migrations (number, name, digest) values (9999, '', '')`,
  ])('may not: %s', async (statement) => {
    const denied = as(asRole(), (client) => client.query(statement));
    await expect(denied).rejects.toThrow(/permission denied|must be owner/);
  });

  it('may not give a position twice, nor change what is in the tree', async () => {
    for (const statement of [
      'update events set position = position + 1000',
      `update journal_nodes set hashes = decode(repeat('00', 32), 'hex')`,
    ]) {
      await expect(as(asRole(), (client) => client.query(statement))).rejects.toThrow(/append-only/);
    }
  });

  interface Rights {
    name: string;
    reads: boolean;
    writes: boolean;
    empties: boolean;
    /** a trigger refuses to delete its rows */
    kept: boolean;
  }
  const rights = async (): Promise<Rights[]> => {
    const { rows } = await as(database.url, (owner) =>
      owner.query<Rights>(
        `select relname as name, has_table_privilege($1, oid, 'select') as reads,
                has_table_privilege($1, oid, 'insert') as writes,
                has_table_privilege($1, oid, 'delete') or has_table_privilege($1, oid, 'truncate') as empties,
                exists (select from pg_trigger where tgrelid = pg_class.oid and not tgisinternal and tgtype & 8 <> 0) as kept
           from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace order by relname`,
        [role],
      ),
    );
    return rows;
  };

  it('may use every table, and may not delete from those that are append-only', async () => {
    const found = await rights();
    expect(found.filter(({ reads }) => !reads)).toEqual([]);
    expect(found.filter(({ writes }) => !writes).map(({ name }) => name)).toEqual(['facecode_migrations']);
    expect(found.filter(({ kept }) => kept).length).toBeGreaterThanOrEqual(3);
    expect(found.filter(({ kept, empties }) => kept && empties)).toEqual([]);
  });

  it('gets rights on the tables of a later version when the database is migrated to it', async () => {
    await as(database.url, (owner) => owner.query('create table later (id bigint generated always as identity)'));
    expect((await rights()).find(({ name }) => name === 'later')).toMatchObject({ reads: false });
    expect(await migrateAndGrant()).toMatchObject({ code: 0 });
    expect((await rights()).find(({ name }) => name === 'later')).toMatchObject({ reads: true, writes: true });
    await as(asRole(), (client) => client.query('insert into later default values'));
    await as(database.url, (owner) => owner.query('drop table later'));
  });

  it('is named when it lacks rights on what a later version has added, and the service does not start', async () => {
    const execute = (verb: string) =>
      `${verb} execute on function erase_personal_data_without_key(text[]) ${verb === 'grant' ? 'to' : 'from'} "${role}"`;
    await as(database.url, (owner) => owner.query(execute('revoke')));
    await as(database.url, (owner) => owner.query(`revoke insert on sealing_keys from "${role}"`));
    const env = testEnvironment(folder, { ...variables(asRole()), MIGRATE_ON_START: 'off' });
    const lacks = 'sealing_keys, erase_personal_data_without_key(text[])';
    const named = expect.stringMatching(/^[^\n]*App role[^\n]*facecode migrate --grant-to[^\n]*\n$/);
    const failed = await runFacecode(['check'], { cwd: folder, env });
    expect(failed).toMatchObject({ code: 3, err: named });
    expect(failed.err).toContain(lacks);
    await expect(startTestService({ ...variables(asRole()), MIGRATE_ON_START: 'off' })).rejects.toThrow(lacks);
    expect(await migrateAndGrant()).toMatchObject({ code: 0 });
    expect(await runFacecode(['check'], { cwd: folder, env })).toMatchObject({ code: 0, err: '' });
  });

  it('is named in the error when it does not exist', async () => {
    const failed = await migrateAndGrant('nobody at all');
    expect(failed).toMatchObject({
      code: 3,
      err: expect.stringMatching(/^[^\n]*role "nobody at all" does not exist[^\n]*\n$/),
    });
  });

  it('has the password of the settings', async () => {
    const sql = `select rolpassword like 'SCRAM-SHA-256%' as set, rolsuper or rolcreaterole or rolcreatedb as powerful
                   from pg_authid where rolname = $1`;
    const { rows } = await as(servers.postgres, (owner) => owner.query(sql, [role]));
    expect(rows).toEqual([{ set: true, powerful: false }]);
  });

  it('runs the service with the Redis of Compose, which refuses whoever has no password', async () => {
    const redis = await startRedisWithPassword(compose.redisArguments, compose.password);
    try {
      const url = new URL(redis.url);
      url.password = '';
      const stranger = new Redis(url.href, { lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false });
      stranger.on('error', () => undefined);
      await expect(stranger.ping()).rejects.toThrow(/NOAUTH/);
      stranger.disconnect();
      const other = await startTestService({
        ...variables(asRole()),
        REDIS_URL: redis.url,
        MIGRATE_ON_START: 'off',
      });
      const client = new Client(other.url, other.adminKey);
      const { id } = await client.create('with-redis');
      await client.until(id, 'its code', ({ attempt }) => attempt?.state === 'awaiting-selfie');
      await other.close();
    } finally {
      await redis.remove();
    }
  });
});
