/** A process with a wrong key used to look ready, and then sealed and signed with that key. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { ConfigurationError } from '../../src/config/configuration-error.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { Database } from '../../src/database/database.js';
import { sealedColumns, type SealedColumn } from '../../src/database/sealed-columns.js';
import { Client, type SessionBody } from '../support/client.js';
import { ensureBuilt } from '../support/ensure-built.js';
import { createDatabase } from '../support/postgres.js';
import { runBuilt, runFacecode } from '../support/run-facecode.js';
import { describeServers } from '../support/servers.js';
import { startTestService, type TestService } from '../support/service.js';
import { idenfyVariables, simulatorKeys } from '../support/store.js';
import { openedValues } from '../support/sealed-values.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';
import { sendWebhook } from '../support/webhook.js';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const journalKey = (byte: number): string =>
  Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, byte)]).toString('base64');
const [old, fresh, foreign] = [key(1), key(2), key(3)];
const encrypted = (keys: string) => ({ FACECODE_ENCRYPTION_KEY: keys });

describeServers('a start on a used database', ['postgres'], (servers) => {
  const folder = temporaryFolder('wrong-keys');
  let database: { url: string; drop: () => Promise<void> };
  let simulator: Simulator;
  const running: TestService[] = [];
  beforeAll(async () => {
    await ensureBuilt();
    simulator = await startSimulator({ ...simulatorKeys, webhookUrl: null });
  });
  beforeEach(async () => {
    database = await createDatabase(servers.postgres);
  });
  const stopAll = async () => void (await Promise.all(running.splice(0).map((service) => service.close())));
  afterEach(async () => {
    await stopAll();
    await database.drop();
  });
  afterAll(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const variables = (keys: Record<string, string>) => ({
    ...idenfyVariables(simulator),
    DATABASE_URL: database.url,
    ...keys,
  });
  const start = async (keys: Record<string, string>) => {
    const service = await startTestService(variables(keys));
    running.push(service);
    return service;
  };
  /** The lines that refuse the start; null if it starts. */
  const refusal = async (keys: Record<string, string>): Promise<readonly string[] | null> => {
    try {
      await start(keys);
      return null;
    } catch (error) {
      if (error instanceof ConfigurationError) return error.faults;
      throw error;
    }
  };
  const query = async (statement: string) => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  /** Makes a session, and seals its events. */
  const use = async ({ url, adminKey }: TestService) => {
    const client = new Client(url, adminKey);
    const { id } = await client.create('someone', { reference: 'order-1' });
    await client.untilEvent(id, 'attempt.awaiting-selfie');
  };
  const withoutCanaries = () => query('delete from key_canaries');

  const encryptionFault = [expect.stringMatching(/^FACECODE_ENCRYPTION_KEY: is not the key [^\n]*$/)];
  const journalFault = [expect.stringMatching(/^FACECODE_JOURNAL_KEY: is not the key [^\n]*$/)];

  it('refuses a wrong encryption key, even before anything is sealed, and does not show it', async () => {
    await start(encrypted(old));
    const faults = await refusal(encrypted(foreign));
    expect(faults).toEqual(encryptionFault);
    expect(faults!.join()).not.toContain(foreign);
    expect(await refusal(encrypted(`${foreign},${fresh}`))).toEqual(encryptionFault);
  });

  it('rotates: any listed key opens, and the old one may be removed once everything is sealed with the new one', async () => {
    const first = await start({ ...encrypted(old), EGRESS_ALLOW: '127.0.0.0/8' });
    const client = new Client(first.url, first.adminKey);
    const scanRef = randomUUID();
    const initiator = { ip: '203.0.113.9' };
    const asked = await client
      .post('/v1/sessions', { scanRef, reference: 'order-7', initiator, channels: ['code', 'sdk'], maxAttempts: 2 })
      .set('idempotency-key', 'rotated')
      .expect(201);
    const session = asked.body as SessionBody;
    await client.post('/v1/endpoints', { url: `${simulator.url}/hook` }).expect(201);
    const about = { token: session.attempt!.token, status: 'FAILED', scanRef, ipAddress: '198.51.100.9' };
    await sendWebhook(first.url, about).expect(200);
    await sendWebhook(first.url, { token: 'unknown', status: 'FAILED', scanRef: 'someone-else' }).expect(200);
    await client.until(session.id, 'the second code', ({ attempts }) => attempts[1]?.state === 'issued');
    const hold = await fetch(`${first.url}/v1/subjects/${scanRef}/legal-hold`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${first.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'case 9' }),
    });
    expect(hold.status).toBe(200);
    // Two replicas, one after the other.
    expect(await refusal(encrypted(`${old},${fresh}`))).toBeNull();
    expect(await refusal(encrypted(`${fresh},${old}`))).toBeNull();
    const lacking = [expect.stringMatching(/^FACECODE_ENCRYPTION_KEY: lacks a key [^\n]*$/)];
    expect(await refusal(encrypted(fresh))).toEqual(lacking);
    expect(await refusal(encrypted(old))).toEqual(encryptionFault);

    const reseal = (keys: string) =>
      runFacecode(['keys', 'reseal'], { cwd: folder, env: testEnvironment(folder, variables(encrypted(keys))) });
    const done = await reseal(`${fresh},${old}`);
    expect(done).toMatchObject({ code: 0, err: '' });
    for (const { table, column, fixed } of Object.values(sealedColumns) as unknown as readonly SealedColumn[]) {
      if (!fixed) expect(done.out).toContain(`${table}.${column}: `);
    }
    expect(done.out).toMatch(/^webhooks\.body_sealed: 2 values sealed again$/m);
    expect(done.out).toMatch(/^digests for searching: computed again for 1 sessions and 1 webhooks$/m);
    // Nothing is left to do.
    const again = await reseal(`${fresh},${old}`);
    expect(again.code).toBe(0);
    expect(again.out).not.toMatch(/: [1-9]\d* values/);
    await stopAll();

    const last = await start(encrypted(fresh));
    const now = new Client(last.url, last.adminKey);
    expect(await now.session(session.id)).toMatchObject({ reference: 'order-7' });
    expect((await now.events(session.id))[0]).toMatchObject({ personal: { reference: 'order-7' } });
    expect((await now.post(`/v1/sessions/${session.id}/code`).expect(200)).body).toHaveProperty('code');
    expect((await now.get(`/v1/subjects/${scanRef}/legal-hold`).expect(200)).body).toMatchObject({ reason: 'case 9' });
    const repeated = await now
      .post('/v1/sessions', { scanRef, reference: 'order-7', initiator, channels: ['code', 'sdk'], maxAttempts: 2 })
      .set('idempotency-key', 'rotated');
    expect(repeated.body).toMatchObject({ id: session.id });
    for (const search of ['sessions?reference=order-7', 'attempts?ip=203.0.113.9', 'attempts?ip=198.51.100.9']) {
      const { body } = await now.get(`/v1/${search}`).expect(200);
      expect((body as { data: object[] }).data.length).toBeGreaterThan(0);
    }
    const opened = await openedValues(last.service.app.get(Database), [Buffer.alloc(32, 2)]);
    expect(new Set(opened.map(({ where }) => where)).size).toBeGreaterThanOrEqual(8);
    const { rows } = await last.service.app
      .get(Database)
      .query<{ key: string }>(`select encode(substring(body_sealed from 1 for 5), 'hex') as key from webhooks`);
    expect(new Set(rows.map(({ key }) => key)).size).toBe(1);
    expect(await refusal(encrypted(old))).toEqual(encryptionFault);
  });

  it('keeps the old key while the journal has personal data that only this key opens', async () => {
    const first = await start(encrypted(old));
    await use(first);
    // As events are that are older than the keys of subjects.
    await query('alter table events disable trigger user');
    await query('update events set subject_key_id = null where personal_sealed is not null');
    await query(`update events set personal_sealed = key_canaries.canary from key_canaries
                  where key = 'encryption' and personal_sealed is not null`);
    await query('alter table events enable trigger user');
    await stopAll();
    await start(encrypted(`${fresh},${old}`));
    const env = testEnvironment(folder, variables(encrypted(`${fresh},${old}`)));
    const done = await runFacecode(['keys', 'reseal'], { cwd: folder, env });
    expect(done).toMatchObject({ code: 1, err: expect.stringContaining('the journal cannot be changed') });
    expect(await refusal(encrypted(fresh))).toEqual([expect.stringContaining('lacks a key')]);
    await query(`select erase_personal_data_without_key(array(select id from sessions))`);
    expect(await runFacecode(['keys', 'reseal'], { cwd: folder, env })).toMatchObject({ code: 0 });
    await stopAll();
    expect(await refusal(encrypted(fresh))).toBeNull();
  });

  it('checks sealed values and the checkpoint if the database is older than the canaries', async () => {
    await use(await start(encrypted(old)));
    await stopAll();
    await withoutCanaries();
    expect(await refusal(encrypted(foreign))).toEqual(encryptionFault);
    expect(await refusal({ ...encrypted(old), FACECODE_JOURNAL_KEY: journalKey(1) })).toEqual(journalFault);
    await withoutCanaries();
    expect(await refusal({ ...encrypted(`${fresh},${old}`), JOURNAL_ORIGIN: 'journal.example/new' })).toBeNull();
    expect(await refusal(encrypted(foreign))).toEqual(encryptionFault);
  });

  it('refuses a wrong journal key', async () => {
    await start({});
    expect(await refusal({ FACECODE_JOURNAL_KEY: journalKey(1) })).toEqual(journalFault);
    expect(await refusal({ ...encrypted(foreign), FACECODE_JOURNAL_KEY: journalKey(1) })).toHaveLength(2);
  });

  it('refuses another journal key than that of the command that has made the first API key', async () => {
    const env = testEnvironment(folder, variables({ FACECODE_JOURNAL_KEY: journalKey(1) }));
    const create = ['keys', 'create', '--name', 'first', '--scopes', 'audit'];
    expect(await runFacecode(create, { cwd: folder, env })).toMatchObject({ code: 0 });
    expect(await refusal({ FACECODE_JOURNAL_KEY: journalKey(2) })).toEqual(journalFault);
    expect(await refusal({ FACECODE_JOURNAL_KEY: journalKey(1) })).toBeNull();
  });

  it('lets only one of two processes start that come together with different keys', async () => {
    const outcomes = await Promise.all([refusal(encrypted(old)), refusal(encrypted(fresh))]);
    expect(outcomes.filter((faults) => faults === null)).toHaveLength(1);
    expect(outcomes.filter((faults) => faults !== null)).toEqual([encryptionFault]);
  });

  it('stops the service with exit code 2, and the commands that use the key', async () => {
    await start(encrypted(old));
    const wrong = { cwd: folder, env: testEnvironment(folder, variables(encrypted(foreign))) };
    const refused = { code: 2, err: expect.stringMatching(/^FACECODE_ENCRYPTION_KEY: [^\n]*\n$/) };
    expect(await runBuilt(['main.js'], wrong)).toMatchObject(refused);
    for (const command of ['check', 'export']) expect(await runFacecode([command], wrong)).toMatchObject(refused);
    expect(await runFacecode(['keys', 'list'], wrong)).toMatchObject({ code: 0 });
  });
});
