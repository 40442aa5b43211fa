/** A command that could not do its work used to print a stack and exit with 1, which means "the answer is no". */
import { mkdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { failureOf } from '../../src/cli/failure.js';
import { prepareEmpty } from '../support/embedded-template.js';
import { ensureBuilt } from '../support/ensure-built.js';
import { freePort } from '../support/free-port.js';
import { createDatabase } from '../support/postgres.js';
import { type Ran, runFacecode } from '../support/run-facecode.js';
import { describeServers } from '../support/servers.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

const folder = temporaryFolder('failures');
const listeners: Server[] = [];
const listen = async (at: number | string): Promise<Server> => {
  const server = createServer((socket) => socket.destroy());
  listeners.push(server);
  server.listen(...((typeof at === 'string' ? [at] : [at, '127.0.0.1']) as [number, string]));
  await once(server, 'listening');
  return server;
};
beforeAll(() => ensureBuilt());
afterAll(() => {
  listeners.forEach((server) => server.close());
  rmSync(folder, { recursive: true, force: true });
});

const facecode = (args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<Ran> =>
  runFacecode(args, { cwd: folder, env });

/** Expects one line that contains this text, and no stack. */
const oneLine = (err: string, part: string): void => {
  expect(err).toMatch(/^[^\n]+\n$/);
  expect(err).toContain(part);
  expect(err).not.toMatch(/^\s+at /m);
};

describe('a command that cannot do its work exits with 3 and prints one line', () => {
  it.each([
    [
      'the database cannot be reached',
      { DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/x' },
      'the database at 127.0.0.1:1 ',
    ],
    ['the data dir cannot be made', { FACECODE_DATA_DIR: '/proc/x' }, '/proc/x'],
  ])('when %s', async (_, env, part) => {
    const ran = await facecode(['keys', 'list'], env);
    expect(ran.code).toBe(3);
    oneLine(ran.err, part);
    expect(ran.err).not.toContain('hunter2');
  });

  it('when another process uses the data folder', async () => {
    const dataDir = join(folder, 'used');
    mkdirSync(join(dataDir, 'database'), { recursive: true });
    await listen(join(dataDir, 'lock.sock'));
    const ran = await facecode(['keys', 'list'], { FACECODE_DATA_DIR: dataDir });
    expect(ran.code).toBe(3);
    oneLine(ran.err, 'in use by another process');
  });

  it('when migrations are pending and may not be applied, or the file cannot be written', async () => {
    const dataDir = join(folder, 'fresh');
    await prepareEmpty(dataDir);
    const pending = await facecode(['keys', 'list'], { FACECODE_DATA_DIR: dataDir, MIGRATE_ON_START: 'off' });
    expect(pending.code).toBe(3);
    oneLine(pending.err, 'migrations are pending');
    const unwritable = await facecode(['export', '--out', '/dev/null/x'], testEnvironment(dataDir));
    expect(unwritable.code).toBe(3);
    oneLine(unwritable.err, '/dev/null/x');
  });

  it.each([
    [['simulate', '--port', 'PORT'], {}],
    [['demo', '--once'], { PORT: 'PORT' }],
  ])('when the port of %j is taken', async (args, env) => {
    const { port } = (await listen(0)).address() as { port: number };
    const put = (text: string) => text.replace('PORT', String(port));
    const ran = await facecode(
      args.map(put),
      Object.fromEntries(Object.entries(env).map(([name, value]) => [name, put(value)])),
    );
    expect(ran.code).toBe(3);
    oneLine(ran.err, `port ${port} of 127.0.0.1 is in use`);
  });
});

describe('the demo', () => {
  it('listens where PORT and HOST say, and prints its address', async () => {
    const port = String(await freePort());
    const ran = await facecode(['demo', '--once'], { PORT: port, HOST: 'localhost' });
    expect(ran).toMatchObject({ code: 0, err: '' });
    // The system chooses how it writes the address of HOST.
    expect(ran.out).toMatch(new RegExp(`The service listens on http://\\S+:${port}, because PORT=${port} is set\\.`));
  });

  it('refuses a wrong PORT as every command does', async () => {
    const ran = await facecode(['demo', '--once'], { PORT: 'x' });
    expect(ran.code).toBe(2);
    oneLine(ran.err, 'PORT: ');
  });
});

describe('an unexpected error', () => {
  it('is one line, with its stack kept apart', () => {
    const { line, stack } = failureOf(new TypeError('x is not\n  a function'));
    expect(line).toBe('unexpected error: x is not a function; LOG_LEVEL=debug shows the stack');
    expect(stack).toContain('command-line-failures.test');
  });
});

describeServers('a command on PostgreSQL', ['postgres'], (servers) => {
  let database: { url: string; drop: () => Promise<void> };
  beforeAll(async () => {
    database = await createDatabase(servers.postgres);
  });
  afterAll(() => database.drop());

  it('asks only for the settings that it uses', async () => {
    const env = { DATABASE_URL: database.url };
    expect(await facecode(['migrate', '--dry-run'], env)).toMatchObject({ code: 1, err: '' });
    expect(await facecode(['migrate'], env)).toMatchObject({ code: 0, err: '' });
    // Each key that is made is recorded in the journal.
    const journal = ['FACECODE_ENCRYPTION_KEY', 'FACECODE_JOURNAL_KEY'];
    for (const args of [
      ['create', '--name', 'x', '--scopes', 'audit'],
      ['revoke', `key_${'0'.repeat(32)}`],
    ]) {
      const ran = await facecode(['keys', ...args], env);
      expect(ran.code).toBe(2);
      expect(ran.err.match(/^[A-Z_]+/gm)).toEqual(journal);
    }
    expect(await facecode(['keys', 'list'], env)).toMatchObject({ code: 0, err: '' });
    expect(await facecode(['grants', '--role', 'app'], {})).toMatchObject({ code: 0, err: '' });
    const check = await facecode(['check'], env);
    expect(check.code).toBe(2);
    oneLine(check.err, 'FACECODE_ENCRYPTION_KEY: is not set');
    const exported = await facecode(['export'], env);
    expect(exported.code).toBe(2);
    expect(exported.err.match(/^[A-Z_]+/gm)).toEqual(journal);
  });

  it.each([
    ['database', (url: URL) => (url.pathname = '/nowhere'), 'database "nowhere" does not exist'],
    ['role', (url: URL) => (url.username = 'nobody'), 'role "nobody" does not exist'],
  ])('exits with 3 and one line for an unknown %s', async (_, change, why) => {
    const url = new URL(servers.postgres);
    change(url);
    for (const command of [['keys', 'list'], ['migrate']]) {
      const ran = await facecode(command, { DATABASE_URL: url.href });
      expect(ran.code).toBe(3);
      oneLine(ran.err, why);
    }
  });
});
