import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureBuilt, repository } from '../support/ensure-built.js';
import { prepareEmpty } from '../support/embedded-template.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { startTestService } from '../support/service.js';
import { testEnvironment } from '../support/test-environment.js';
import { startSimulator } from '../../src/simulator/simulator.js';
import { Database } from '../../src/database/database.js';
import { waitFor } from '../support/wait-for.js';
import { Client, type EventBody } from '../support/client.js';
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
    await prepareEmpty(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const mirror = () => join(folder, 'mirror');
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
    [['export', '--format', 'xml'], 2],
    [['export', '--from', 'yesterday'], 2],
    [['verify'], 2],
    [['verify', 'no-such-file'], 3],
    [['verify', '.'], 3],
    [['verify', '--print-verifier', 'package.json'], 2],
    [['verify', 'package.json', '--key', 'nonsense'], 2],
    [['verify', '--mirror', 'no-such-folder'], 3],
    [['journal'], 2],
    [['journal', 'accept'], 2],
    [['journal', 'accept', '--root', 'nonsense'], 2],
    [['grants'], 2],
    [['grants', '--role', 'app'], 0],
  ])('ends %j with %i', async (args, code) => {
    const ran = await facecode(...args);
    expect(ran.code).toBe(code);
    if (code >= 2 && args.length > 0) expect(ran.err).toMatch(/facecode/);
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
    expect(listed.out).toMatch(/sessions,audit {2}platform main {2}backend {2}no owner/);
    expect(await facecode('keys', 'revoke', id)).toMatchObject({ code: 0 });
    expect(await facecode('keys', 'revoke', id)).toMatchObject({ code: 1 });
  });

  it('makes keys with an owner and a platform, and lists both', async () => {
    const create = (...rest: string[]) => facecode('keys', 'create', '--name', 'desk', ...rest);
    const desk = ['--scopes', 'review', '--owner', ' Ann Smith ', '--platform', '*'];
    expect(await create(...desk)).toMatchObject({ code: 0 });
    expect((await facecode('keys', 'list')).out).toMatch(/review {2}platform \* {2}desk {2}held by Ann Smith/);
    for (const [wrong, why] of [
      [['--scopes', 'sessions', '--platform', '*'], /--platform .*audit, review, admin/],
      [['--scopes', 'review', '--platform', 'My Shop'], /--platform must have 1 to 64/],
      [['--scopes', 'review', '--owner', ' '], /--owner takes 1 to 100 characters/],
    ] as const) {
      expect(await create(...wrong)).toMatchObject({ code: 2, err: expect.stringMatching(why) });
    }
  });

  it('finds that rows are what the journal says', async () => {
    const simulator = await startSimulator({ ...simulatorKeys, webhookUrl: null });
    const service = await startTestService({
      ...idenfyVariables(simulator),
      FACECODE_DATA_DIR: folder,
      CHECKPOINT_MIRROR: mirror(),
    });
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
      // The keys that the commands above made and revoked.
      const byCommand = ({ actor }: EventBody) => actor.id === 'command-line';
      const created = await client.untilRecorded('api-key.created', 'the keys that were made', byCommand);
      const revoked = await client.untilRecorded('api-key.revoked', 'the key that was revoked', byCommand);
      expect([...created, ...revoked].map(({ type, actor, data }) => [type, actor, data.owner])).toEqual([
        ['api-key.created', { kind: 'system', id: 'command-line' }, null],
        ['api-key.created', { kind: 'system', id: 'command-line' }, 'Ann Smith'],
        ['api-key.revoked', { kind: 'system', id: 'command-line' }, null],
      ]);
      await waitFor(() => existsSync(join(mirror(), 'latest')), { what: 'a checkpoint to be mirrored' });
    } finally {
      await service.close();
      await simulator.close();
    }
    expect(await facecode('check')).toMatchObject({ code: 0, out: '2 sessions checked, 0 differ.\n' });
  });

  it('exports the journal, and verifies what it has exported, and the mirror', async () => {
    const file = join(folder, 'journal.ndjson');
    expect(await facecode('export', '--out', file)).toMatchObject({ code: 0, out: '' });
    const text = readFileSync(file, 'utf8');
    expect((await facecode('export')).out).toBe(text);
    expect((await facecode('export', '--format', 'csv', '--to', '2')).out.split('\r\n')).toHaveLength(4);
    const { verifierKey, publicKey } = JSON.parse(text.trimEnd().split('\n').at(-1)!) as Record<string, string>;
    writeFileSync(join(folder, 'key.pem'), publicKey!);
    for (const key of [verifierKey!, publicKey!, join(folder, 'key.pem')]) {
      const trusted = await facecode('verify', file, '--key', key);
      expect(trusted).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^valid: export of \d+ events/) });
    }
    expect(await facecode('verify', file)).toMatchObject({ code: 0, err: expect.stringContaining('WARNING') });

    const ofMain = join(folder, 'main.ndjson');
    expect(await facecode('export', '--platform', 'main', '--out', ofMain)).toMatchObject({ code: 0 });
    expect(await facecode('verify', ofMain, '--key', publicKey!)).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^valid: export of main, \d+ events[^]*No proof shows that the file has all events of main[^]*vouches/,
      ),
    });
    expect(await facecode('export', '--platform', 'Not One')).toMatchObject({ code: 2 });

    const lines = text.split('\n');
    writeFileSync(file, lines.toSpliced(3, 1).join('\n'));
    expect(await facecode('verify', file)).toMatchObject({
      code: 1,
      out: expect.stringContaining('first bad position: 4\n'),
    });
    writeFileSync(file, text.replace('"attempt.issued"', '"attempt.passed"'));
    expect(await facecode('verify', file, '--key', verifierKey!)).toMatchObject({
      code: 1,
      out: expect.stringContaining('NOT VALID'),
    });
    writeFileSync(file, 'nothing of ours');
    expect(await facecode('verify', file)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/: this is not a file that Facecode can verify: it is not an NDJSON export.*\n$/),
    });
    const csv = await facecode('export', '--format', 'csv');
    writeFileSync(file, csv.out);
    expect(await facecode('verify', file)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/: this is not a file that Facecode can verify: .*CSV carries no proof.*\n$/),
    });
    expect(await facecode('verify', '--mirror', mirror())).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^valid: \d+ mirrored/),
    });
  });

  it('accepts a journal with an event that the service has not recorded, and only by its root', async () => {
    const open = () => startTestService({ FACECODE_DATA_DIR: folder, CHECKPOINT_MIRROR: mirror() });
    const first = await open();
    const database = first.service.app.get(Database);
    await database.query(
      `insert into events (id, type, at, actor, data)
       values ('evt_forged', 'subject.held', now(), '{"kind": "system", "id": "x"}', '{"scanRef": "x"}')`,
    );
    const client = new Client(first.url, first.adminKey);
    const { root } = (await client.get('/v1/journal/verify').expect(200)).body as { root: string };
    await first.close();
    const other = await facecode('journal', 'accept', '--root', Buffer.alloc(32).toString('base64'));
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining(`the root is now ${root}`) });
    expect(other.err).toContain('evt_forged');
    const accepted = await facecode('journal', 'accept', '--root', root);
    expect(accepted).toMatchObject({ code: 0, out: expect.stringContaining('never sealed: evt_forged') });
    const again = await open();
    const verified = await new Client(again.url, again.adminKey).get('/v1/journal/verify').expect(200);
    await again.close();
    expect(verified.body).toMatchObject({ valid: true, sealing: 'on' });
    expect((await facecode('verify', '--mirror', mirror())).code).toBe(0);
  });

  it('finds rows that somebody has changed', async () => {
    const again = await startTestService({ FACECODE_DATA_DIR: folder });
    await again.service.app
      .get(Database)
      .query(`update sessions set status = 'passed', ended_at = now() where scan_ref = 'check-2'`);
    await again.close();
    expect(await facecode('check')).toMatchObject({ code: 1, out: expect.stringContaining('1 differ') });
  });
});
