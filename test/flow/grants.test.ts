import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { readSettings } from '../../src/config/read-settings.js';
import { connectDatabase } from '../../src/database/connect.js';
import { grantsFor } from '../../src/database/grants.js';
import { migrate, MigrationsPending } from '../../src/database/migrate.js';
import { migrateQueueBackend } from '../../src/queue/backend.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { Client } from '../support/client.js';
import { createDatabase } from '../support/postgres.js';
import { describeServers } from '../support/servers.js';
import { startTestService, type TestService } from '../support/service.js';
import { idenfyVariables, simulatorKeys } from '../support/store.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

describeServers('a role that may run the service and not change the journal', ['postgres'], (servers) => {
  // A name that has to be quoted.
  const folder = temporaryFolder('grants');
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

  beforeAll(async () => {
    database = await createDatabase(servers.postgres);
    simulator = await startSimulator({ ...simulatorKeys, webhookUrl: null });
    // As `facecode migrate` does it.
    const settings = readSettings(testEnvironment(folder, variables(database.url)));
    const opened = await connectDatabase(settings);
    await migrate(opened);
    const early = startTestService({ ...variables(database.url), MIGRATE_ON_START: 'off' });
    await expect(early).rejects.toThrow(MigrationsPending);
    await migrateQueueBackend(settings, opened);
    await opened.close();
    await as(database.url, async (owner) => {
      await owner.query(`create role "${role}" login`);
      await owner.query(grantsFor(role));
      await owner.query(grantsFor(role));
    });
    service = await startTestService({ ...variables(asRole()), MIGRATE_ON_START: 'off' });
    simulator.setWebhookUrl(`${service.url}/webhooks/idenfy`);
  }, 60_000);

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
  }, 60_000);

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
});
