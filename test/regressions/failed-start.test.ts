/** A start that fails used to leave a process that neither served nor ended, so no supervisor started it again. */
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openDatabase } from '../../src/database/open.js';
import { prepareEmbedded } from '../support/embedded-template.js';
import { ensureBuilt, repository } from '../support/ensure-built.js';
import { createDatabase } from '../support/postgres.js';
import { type Ran, runBuilt } from '../support/run-facecode.js';
import { describeServers } from '../support/servers.js';
import { startTestService } from '../support/service.js';
import { emptyRedis } from '../support/store.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

const folder = temporaryFolder('failed-start');
let taken: Server;
let port: string;
beforeAll(async () => {
  await ensureBuilt();
  await prepareEmbedded(join(folder, 'data'));
  taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  port = String((taken.address() as { port: number }).port);
});
afterAll(() => {
  taken.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (variables: Record<string, string>, command = ['main.js']): Promise<Ran> =>
  runBuilt(command, {
    cwd: folder,
    env: testEnvironment(join(folder, 'data'), { LOG_LEVEL: 'info', ...variables }),
  });

const errorLines = ({ out }: Ran): string[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { level: number; msg: string })
    .filter(({ level }) => level >= 50)
    .map(({ msg }) => msg);

describe('a start that fails ends the process with exit code 3 and one line', () => {
  it.each([[['main.js']], [['cli/main.js', 'start']]])('when the port is taken (%j)', async (command) => {
    const ran = await start({ PORT: port }, command);
    expect(ran.code).toBe(3);
    expect(errorLines(ran)).toEqual([expect.stringContaining(`port ${port} of 127.0.0.1 is in use`)]);
    expect(ran.err).toBe('');
  });

  it('when METRICS_PORT is taken', async () => {
    const ran = await start({ METRICS_PORT: port });
    expect(ran.code).toBe(3);
    expect(errorLines(ran)).toEqual([expect.stringContaining(`port ${port} of 127.0.0.1 is in use`)]);
  });
});

describe('a start without settings', () => {
  it.each([[['main.js']], [['cli/main.js', 'start']]])(
    'names every missing setting, and what to do next (%j)',
    async (command) => {
      const ran = await runBuilt(command, { cwd: folder });
      expect(ran.code).toBe(2);
      expect(ran.out).toBe('');
      expect(ran.err.match(/^[A-Z_]+(?=: is not set)/gm)).toEqual([
        'IDENFY_API_KEY',
        'IDENFY_API_SECRET',
        'IDENFY_WEBHOOK_KEYS',
      ]);
      for (const way of ['npm run demo', 'cp .env.example .env', 'npm run simulator', "iDenfy's dashboard"]) {
        expect(ran.err).toContain(way);
      }
    },
  );
});

describe('a start that waits for its database', () => {
  const url = 'postgres://me:hunter2@127.0.0.1:1/x';

  it('says so at once, with the reason and without the password', async () => {
    const child = spawn(process.execPath, [join(repository, 'dist/main.js')], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...testEnvironment(folder, { LOG_LEVEL: 'info', DATABASE_URL: url }) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.includes('cannot be reached')) break;
    }
    child.kill('SIGKILL');
    expect(lines.at(-1)).toMatch(
      /the database at 127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED 127\.0\.0\.1:1; trying again for 30 s/,
    );
    expect(lines.join()).not.toContain('hunter2');
  });

  it('repeats this, and says at the end that it gives up', async () => {
    const heard: string[] = [];
    const settings = { database: { url, migrateOnStart: true }, dataDir: folder };
    const opening = openDatabase(settings, { seconds: 1, notifyEverySeconds: 0, notify: (line) => heard.push(line) });
    await expect(opening).rejects.toThrow(/^the database at 127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED/);
    expect(heard.length).toBeGreaterThan(1);
    expect(heard.at(-1)).toMatch(/trying again for 1 s more$/);
  });
});

describeServers('a start on PostgreSQL that fails', ['postgres', 'redis'], (servers) => {
  let database: { url: string; drop: () => Promise<void> };
  const query = async (statement: string) => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  /** The data dir of another database would have another journal's checkpoint in it. */
  const ofDatabase = () => ({ DATABASE_URL: database.url, FACECODE_DATA_DIR: join(folder, 'of-database') });
  beforeAll(async () => {
    database = await createDatabase(servers.postgres);
    await (await startTestService({ DATABASE_URL: database.url })).close();
  });
  afterAll(() => database.drop());

  it.each(['PostgreSQL', 'Redis'])('ends the process when the port is taken, with queues on %s', async (queues) => {
    const redis: Record<string, string> = queues === 'Redis' ? { REDIS_URL: await emptyRedis() } : {};
    const ran = await start({ ...ofDatabase(), PORT: port, ...redis });
    expect(ran.code).toBe(3);
    expect(errorLines(ran)).toHaveLength(1);
  });

  it('ends the process when the port is taken and Redis is away', async () => {
    const ran = await start({ ...ofDatabase(), PORT: port, REDIS_URL: 'redis://127.0.0.1:1' });
    expect(ran.code).toBe(3);
    expect(errorLines(ran)).toHaveLength(1);
  });

  it('ends the process when the database refuses it after everything was opened', async () => {
    await query(`alter database ${new URL(database.url).pathname.slice(1)} set default_transaction_read_only = on`);
    const ran = await start({
      DATABASE_URL: database.url,
      MIGRATE_ON_START: 'off',
      FACECODE_ADMIN_KEY: `fc_${'another'.repeat(6)}`,
    });
    expect(ran.code).toBe(3);
    expect(errorLines(ran)).toEqual([expect.stringContaining('read-only')]);
  });

  it.each([
    ['an unknown database', (url: URL) => (url.pathname = '/nowhere'), 'database "nowhere" does not exist'],
    ['an unknown role', (url: URL) => (url.username = 'nobody'), 'role "nobody" does not exist'],
  ])('ends the process at once for %s, and says why', async (_, change, why) => {
    const url = new URL(servers.postgres);
    change(url);
    const ran = await start({ DATABASE_URL: url.href });
    expect(ran.code).toBe(3);
    expect(errorLines(ran)).toEqual([
      expect.stringMatching(new RegExp(`^the database at 127.0.0.1:${url.port}.*${why}`)),
    ]);
  });
});
