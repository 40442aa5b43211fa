/** Runs the commands of README.md exactly as written, against a service with the simulator. */
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureBuilt, repository } from '../support/ensure-built.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { openWorld, type World } from '../support/world.js';
import { type SessionBody } from '../support/client.js';

const run = promisify(execFile);
const readme = readFileSync(join(repository, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, text]) => text!);

/** The commands without comments, with continued lines joined. */
const commands = blocks.flatMap((block) =>
  block
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== ''),
);
const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

describe('the README', () => {
  let world: World;
  beforeAll(async () => {
    await ensureBuilt();
    world = await openWorld('embedded');
  });
  afterAll(() => world?.close());

  const curl = async (command: string, variables: Record<string, string>) => {
    const here = command.replaceAll('http://127.0.0.1:3000', world.url).replace('wait=20', 'wait=1');
    const { stdout } = await run('bash', ['-c', here], { env: { ...process.env, ...variables } });
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  it('has only commands that this test runs, or that run tests', () => {
    const tried = [
      /^curl /,
      /^node facecode-verify\.mjs /,
      /^npm ci$/,
      /^npm run demo$/,
      /^npm run facecode -- --help$/,
      /^npm test$/,
      /^npm run check$/,
      /^npm run load:\w+ -- /,
      /^npm run bench$/,
    ];
    expect(commands.filter((command) => !tried.some((pattern) => pattern.test(command)))).toEqual([]);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test', 'check', 'start', 'simulator']));
  });

  it('shows three calls that work, with a key that has only the scopes that they need', async () => {
    const [makeKey, create, read, events, reveal] = commands.filter((command) => command.startsWith('curl '));
    const made = await curl(makeKey!, { ADMIN_KEY: world.service.adminKey });
    expect(made).toMatchObject({ scopes: ['sessions', 'endpoints'] });
    const KEY = made.key as string;
    const session = (await curl(create!, { KEY })) as unknown as SessionBody;
    expect(session).toMatchObject({ status: 'active', attempt: { code: expect.stringMatching(/^\d{8}$/) } });
    const ID = session.id;
    expect(await curl(read!, { KEY, ID })).toMatchObject({ id: ID });
    await world.client.untilEvent(ID, 'attempt.awaiting-selfie');
    expect(await curl(events!, { KEY, ID })).toMatchObject({ data: expect.any(Array), hasMore: false });
    expect(await curl(reveal!, { KEY, ID })).toMatchObject({ code: session.attempt!.code });
  });

  it('makes a key of a platform', async () => {
    const makeKey = commands.find((command) => command.startsWith('curl ') && command.includes('"platform"'));
    const made = await curl(makeKey!, { ADMIN_KEY: world.service.adminKey });
    expect(made).toMatchObject({ platform: 'shop', scopes: ['sessions', 'endpoints'] });
  });

  it('says which package its receiver needs, and how Express keeps the raw body', () => {
    const receiving = readme.slice(readme.indexOf('## Receiving events'), readme.indexOf('## Settings'));
    expect(receiving).toContain('npm i standardwebhooks');
    expect(receiving).toContain('express.raw(');
  });

  it('gives auditors commands that fetch the verifier and verify evidence', async () => {
    const folder = temporaryFolder('readme-auditor');
    try {
      const { client, url } = world;
      const { id } = await client.create('readme-auditor');
      const evidence = await client.get(`/v1/sessions/${id}/evidence`).expect(200);
      const { body } = await client.get('/v1/journal/key').expect(200);
      writeFileSync(join(folder, 'evidence.json'), evidence.text);
      writeFileSync(join(folder, 'journal-key.pem'), (body as { publicKey: string }).publicKey);
      const given = commands.filter((command) => command.includes('facecode-verify.mjs'));
      expect(given).toHaveLength(2);
      const script = given.join(' && ').replaceAll('http://127.0.0.1:3000', url);
      const { stdout } = await run('bash', ['-c', script], { cwd: folder });
      expect(stdout).toMatch(/^valid: evidence of \d+ events/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('names a demo that ends with the pass', async () => {
    const { stdout } = await run('node', [join(repository, 'dist/cli/main.js'), 'demo', '--once']);
    expect(stdout).toContain('Done: failed once, passed with the second code.');
    for (const step of ['shows its user the code', 'attempt.retry', 'session.passed', 'POST /webhooks/idenfy']) {
      expect(stdout).toContain(step);
    }
  });

  it('names a command line that explains itself', async () => {
    const { stdout } = await run('node', [join(repository, 'dist/cli/main.js'), '--help']);
    for (const name of ['start', 'demo', 'migrate', 'keys', 'check', 'simulate']) expect(stdout).toContain(`  ${name}`);
  });

  it('lists every setting', () => {
    const known = readFileSync(join(repository, 'src/config/known-variables.ts'), 'utf8');
    const names = [...known.matchAll(/^ {2}'([A-Z_]+)',$/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });
});
