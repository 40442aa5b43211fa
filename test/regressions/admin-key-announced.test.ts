/** A second process with its own data dir used to announce an admin key that did not work. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { announce } from '../../src/cli/run-service.js';
import { Client, type EventBody } from '../support/client.js';
import { createDatabase } from '../support/postgres.js';
import { describeServers } from '../support/servers.js';
import { startTestService, type TestService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describeServers('the admin key that a start makes', ['postgres'], (servers) => {
  const folder = temporaryFolder('admin-key');
  let database: { url: string; drop: () => Promise<void> };
  const running: TestService[] = [];
  beforeAll(async () => {
    database = await createDatabase(servers.postgres);
  });
  afterEach(async () => void (await Promise.all(running.splice(0).map((service) => service.close()))));
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const dataDir = (name: string) => join(folder, name);
  const start = async (name: string, adminKey = '') => {
    const started = await startTestService({
      DATABASE_URL: database.url,
      FACECODE_DATA_DIR: dataDir(name),
      FACECODE_ADMIN_KEY: adminKey,
    });
    running.push(started);
    return started;
  };
  const works = async (url: string, key: string) => (await new Client(url, key).get('/v1/api-keys')).status === 200;
  const file = (name: string) => join(dataDir(name), 'admin.key');

  it('is announced, works, and is the only one of its database', async () => {
    const [one, other] = await Promise.all([start('one'), start('other')]);
    const made = [one, other].map(({ service }) => service.newAdminKey).filter((key) => key !== null);
    expect(made).toHaveLength(1);
    expect(await works(one.url, made[0]!.key)).toBe(true);
    expect(await works(other.url, made[0]!.key)).toBe(true);
    expect([file('one'), file('other')].filter((path) => existsSync(path))).toEqual([made[0]!.file]);
    expect(readFileSync(made[0]!.file, 'utf8').trim()).toBe(made[0]!.key);
  });

  it('is not announced again, with its own data dir or with one whose key does not work', async () => {
    mkdirSync(dataDir('stale'));
    writeFileSync(file('stale'), `fc_${'s'.repeat(43)}\n`);
    const [again, stale] = await Promise.all([start('one'), start('stale')]);
    expect(again.service.newAdminKey).toBeNull();
    expect(stale.service.newAdminKey).toBeNull();
    expect(await works(stale.url, `fc_${'s'.repeat(43)}`)).toBe(false);
  });

  it('is reported as dead in the log when the data dir holds a key that this database does not know', async () => {
    const lines: string[] = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void lines.push(String(line)));
    try {
      await start('stale');
    } finally {
      jest.restoreAllMocks();
    }
    expect(lines).toContainEqual(
      expect.stringContaining(`the admin API key in ${file('stale')} does not work: it is unknown to this database`),
    );
  });

  it('stays revoked after later starts, and so does a configured one', async () => {
    const configured = `fc_${'c'.repeat(43)}`;
    const first = await start('configured', configured);
    const client = new Client(first.url, configured);
    const keys = (await client.get('/v1/api-keys').expect(200)).body as { data: { id: string; name: string }[] };
    const { id } = keys.data.find(({ name }) => name === 'bootstrap admin')!;
    const atStart = ({ actor }: EventBody) => actor.id === 'bootstrap';
    const replaced = await client.untilRecorded('api-key.revoked', 'the end of the key before', atStart);
    const made = await client.untilRecorded('api-key.created', 'the keys of the starts', atStart);
    expect(made.map(({ data }) => data.keyId)).toEqual([replaced[0]?.data.keyId, id]);
    await client.delete(`/v1/api-keys/${id}`).expect(204);
    const [same, none] = await Promise.all([start('configured', configured), start('none')]);
    expect(await works(same.url, configured)).toBe(false);
    expect(none.service.newAdminKey).toBeNull();
    expect(existsSync(file('none'))).toBe(false);
  });
});

it('shows the key itself on a terminal only', () => {
  const said = (isTTY: boolean): string => {
    const texts: string[] = [];
    announce({ key: 'fc_key', file: '/data/admin.key' }, { isTTY, write: (text) => texts.push(text) });
    return texts.join('');
  };
  expect(said(true)).toMatch(/shown only once and kept in \/data\/admin\.key:\n\n {2}fc_key\n/);
  expect(said(false)).toBe('');
});
