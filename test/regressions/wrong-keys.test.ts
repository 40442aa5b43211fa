/** A process with a wrong key used to look ready, and then sealed and signed with that key. */
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { ConfigurationError } from '../../src/config/configuration-error.js';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { Client } from '../support/client.js';
import { ensureBuilt } from '../support/ensure-built.js';
import { createDatabase } from '../support/postgres.js';
import { runBuilt, runFacecode } from '../support/run-facecode.js';
import { describeServers } from '../support/servers.js';
import { startTestService, type TestService } from '../support/service.js';
import { idenfyVariables, simulatorKeys } from '../support/store.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

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
  }, 120_000);
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

  it('rotates: any listed key opens, and the old one may be removed after a start with the new one first', async () => {
    await start(encrypted(old));
    // Two replicas, one after the other.
    expect(await refusal(encrypted(`${old},${fresh}`))).toBeNull();
    expect(await refusal(encrypted(`${fresh},${old}`))).toBeNull();
    expect(await refusal(encrypted(`${old},${fresh}`))).toBeNull();
    expect(await refusal(encrypted(`${fresh},${old}`))).toBeNull();
    expect(await refusal(encrypted(fresh))).toBeNull();
    expect(await refusal(encrypted(old))).toEqual(encryptionFault);
  }, 60_000);

  it('checks sealed values and the checkpoint if the database is older than the canaries', async () => {
    await use(await start(encrypted(old)));
    await stopAll();
    await withoutCanaries();
    expect(await refusal(encrypted(foreign))).toEqual(encryptionFault);
    expect(await refusal({ ...encrypted(old), FACECODE_JOURNAL_KEY: journalKey(1) })).toEqual(journalFault);
    await withoutCanaries();
    expect(await refusal({ ...encrypted(`${fresh},${old}`), JOURNAL_ORIGIN: 'journal.example/new' })).toBeNull();
    expect(await refusal(encrypted(foreign))).toEqual(encryptionFault);
  }, 60_000);

  it('refuses a wrong journal key', async () => {
    await start({});
    expect(await refusal({ FACECODE_JOURNAL_KEY: journalKey(1) })).toEqual(journalFault);
    expect(await refusal({ ...encrypted(foreign), FACECODE_JOURNAL_KEY: journalKey(1) })).toHaveLength(2);
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
  }, 60_000);
});
