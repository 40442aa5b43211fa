import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureBuilt, repository } from '../support/ensure-built.js';
import { prepareEmbedded } from '../support/embedded-template.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { startTestService } from '../support/service.js';
import { testEnvironment } from '../support/test-environment.js';
import { startSimulator } from '../../src/simulator/simulator.js';
import { Database } from '../../src/database/database.js';
import { Client } from '../support/client.js';
import { idenfyVariables, simulatorKeys } from '../support/store.js';

interface Ran {
  code: number;
  out: string;
  err: string;
}

describe('the facecode command', () => {
  let folder: string;
  beforeAll(async () => {
    await ensureBuilt();
    folder = temporaryFolder('command-line');
    await prepareEmbedded(folder);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const facecode = (...args: string[]) =>
    new Promise<Ran>((resolve) => {
      const env = { PATH: process.env.PATH, ...testEnvironment(folder) };
      execFile('node', [join(repository, 'dist/cli/main.js'), ...args], { cwd: folder, env }, (error, out, err) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
      );
    });

  it.each([
    [[], 2],
    [['--help'], 0],
    [['keys', '--help'], 0],
    [['dance'], 2],
    [['keys'], 2],
    [['keys', 'create'], 2],
    [['keys', 'create', '--name', 'x', '--scopes', 'root'], 2],
    [['keys', 'create', '--name', 'x', '--scopes', 'audit', '--expires-at', '2001-01-01'], 2],
    [['migrate', '--force'], 2],
  ])('ends %j with %i', async (args, code) => {
    const ran = await facecode(...args);
    expect(ran.code).toBe(code);
    if (code === 2 && args.length > 0) expect(ran.err).toMatch(/facecode/);
  });

  it('migrates, and says so only once', async () => {
    expect(await facecode('migrate', '--dry-run')).toMatchObject({
      code: 1,
      out: expect.stringContaining('0001_flow.sql'),
    });
    expect(await facecode('migrate')).toMatchObject({ code: 0, out: expect.stringContaining('0001_flow.sql') });
    expect(await facecode('migrate', '--dry-run')).toMatchObject({
      code: 0,
      out: expect.stringContaining('up to date'),
    });
  });

  it('makes, lists and revokes keys', async () => {
    const made = await facecode('keys', 'create', '--name', 'backend', '--scopes', 'sessions,audit');
    expect(made.code).toBe(0);
    const id = /key_[0-9a-f]{32}/.exec(made.out)![0];
    const key = /fc_\S{32,}/.exec(made.out)![0];
    const listed = await facecode('keys', 'list');
    expect(listed.out).toContain(id);
    expect(listed.out).not.toContain(key);
    expect(await facecode('keys', 'revoke', id)).toMatchObject({ code: 0 });
    expect(await facecode('keys', 'revoke', id)).toMatchObject({ code: 1 });
  });

  it('finds rows that are not what the journal says', async () => {
    const simulator = await startSimulator({ ...simulatorKeys, webhookUrl: null });
    const service = await startTestService({ ...idenfyVariables(simulator), FACECODE_DATA_DIR: folder });
    try {
      simulator.setWebhookUrl(`${service.url}/webhooks/idenfy`);
      const client = new Client(service.url, service.adminKey);
      const honest = await client.create('check-1');
      await simulator.selfie({ digitString: honest.attempt!.code!, outcome: 'FAILED' });
      await client.until(
        honest.id,
        'the second code',
        ({ attempt }) => attempt?.number === 2 && attempt.state === 'issued',
      );
      await client.create('check-2');
    } finally {
      await service.close();
      await simulator.close();
    }
    expect(await facecode('check')).toMatchObject({ code: 0, out: '2 sessions checked, 0 differ.\n' });
    const again = await startTestService({ FACECODE_DATA_DIR: folder });
    await again.service.app
      .get(Database)
      .query(`update sessions set status = 'passed', ended_at = now() where scan_ref = 'check-2'`);
    await again.close();
    expect(await facecode('check')).toMatchObject({ code: 1, out: expect.stringContaining('1 differ') });
  });
});
