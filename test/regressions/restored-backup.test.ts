/** A backup that was restored used to bring erased people back, and nothing could tell who they were. */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { startSimulator, type Simulator } from '../../src/simulator/simulator.js';
import { Client, type EventBody } from '../support/client.js';
import { ensureBuilt } from '../support/ensure-built.js';
import { createDatabase } from '../support/postgres.js';
import { runFacecode } from '../support/run-facecode.js';
import { describeServers } from '../support/servers.js';
import { startTestService, type TestService } from '../support/service.js';
import { idenfyVariables, simulatorKeys } from '../support/store.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';
import { waitFor } from '../support/wait-for.js';

describeServers('a database that was restored from a backup', ['postgres'], (servers) => {
  const folder = temporaryFolder('restored-backup');
  let live: { url: string; drop: () => Promise<void> };
  let simulator: Simulator;
  let service: TestService | null = null;
  beforeAll(async () => {
    await ensureBuilt();
    simulator = await startSimulator({ ...simulatorKeys, webhookUrl: null });
    live = await createDatabase(servers.postgres);
  });
  afterAll(async () => {
    await service?.close();
    await simulator.close();
    await live.drop();
    const client = new pg.Client({ connectionString: servers.postgres });
    await client.connect();
    await client.query(`drop database if exists ${nameOf(live.url)}_restored with (force)`).finally(() => client.end());
    rmSync(folder, { recursive: true, force: true });
  });

  const nameOf = (url: string) => new URL(url).pathname.slice(1);
  // One data dir for both, as on the same machine: it keeps the newest checkpoint.
  const variables = (url: string) => ({
    ...idenfyVariables(simulator),
    DATABASE_URL: url,
    FACECODE_DATA_DIR: join(folder, 'data'),
  });
  const start = async (url: string): Promise<Client> => {
    service = await startTestService(variables(url));
    return new Client(service.url, service.adminKey);
  };
  const stop = async () => {
    await service?.close();
    service = null;
  };
  const untilErasure = (client: Client): Promise<EventBody> =>
    waitFor(
      async () => {
        const { body } = await client.get('/v1/events?type=subject.erased').expect(200);
        return (body as { data: EventBody[] }).data[0] ?? null;
      },
      { what: 'subject.erased' },
    );
  const hold = (method: string, scanRef: string) =>
    fetch(`${service!.url}/v1/subjects/${scanRef}/legal-hold`, {
      method,
      headers: { authorization: `Bearer ${service!.adminKey}`, 'content-type': 'application/json' },
      ...(method === 'PUT' ? { body: JSON.stringify({ reason: 'case 7' }) } : {}),
    });

  it('is erased again by an export and by a certificate, and by no file that is not valid', async () => {
    const [held, certified, other] = [randomUUID(), randomUUID(), randomUUID()];
    let client = await start(live.url);
    const sessions: Record<string, string> = {};
    for (const scanRef of [held, certified, other]) {
      sessions[scanRef] = (await client.create(scanRef, { reference: `order of ${scanRef}` })).id;
    }
    expect((await hold('PUT', held)).status).toBe(200);
    await stop();
    const restored = new URL(live.url);
    restored.pathname += '_restored';
    const admin = new pg.Client({ connectionString: servers.postgres });
    await admin.connect();
    await admin
      .query(`create database ${nameOf(restored.href)} template ${nameOf(live.url)}`)
      .finally(() => admin.end());

    client = await start(live.url);
    expect((await hold('DELETE', held)).status).toBe(204);
    await client.post(`/v1/subjects/${held}/erase`).expect(200);
    await untilErasure(client);
    const exported = (await client.get('/v1/journal/export?format=ndjson').expect(200)).text;
    const certificate = (await client.post(`/v1/subjects/${certified}/erase`).expect(200)).text;
    const certificateOfOther = (await client.post(`/v1/subjects/${other}/erase`).expect(200)).text;
    await stop();

    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const env = testEnvironment(folder, variables(restored.href));
    const replay = (...files: string[]) =>
      runFacecode(['erase', ...files.flatMap((one) => ['--replay', one])], { cwd: folder, env });
    const forged = file('forged.ndjson', exported.replaceAll(held, other));
    expect(await replay(forged)).toMatchObject({ code: 1, err: expect.stringContaining('NOT VALID') });
    expect(await replay(file('notes.txt', 'erase them all'))).toMatchObject({ code: 2 });
    expect(await replay(join(folder, 'nowhere.ndjson'))).toMatchObject({ code: 3 });
    const both = [file('export.ndjson', exported), file('certificate.json', certificate)];
    expect(readFileSync(both[0]!, 'utf8')).toContain(held);
    const first = await replay(...both);
    expect(first).toMatchObject({ code: 0, err: '', out: expect.stringContaining('2 subjects were erased again') });
    expect((await replay(...both)).out).toContain('0 subjects were erased again; 2 had nothing left to erase.');

    client = await start(restored.href);
    // The journal ends before the checkpoint that the data dir knows.
    const ready = await client.get('/readyz').expect(200);
    expect(ready.body).toMatchObject({ checks: { journal: 'inconsistent' } });
    const { root, reason } = (await client.get('/v1/journal/verify').expect(200)).body as Record<string, string>;
    expect(reason).toBe('truncated');
    const accepted = await runFacecode(['journal', 'accept', '--root', root!], { cwd: folder, env });
    expect(accepted).toMatchObject({ code: 0, err: '' });
    const reference = async (scanRef: string) =>
      ((await client.session(sessions[scanRef]!)) as unknown as { reference: string | null }).reference;
    expect(await Promise.all([held, certified, other].map(reference))).toEqual([null, null, `order of ${other}`]);
    expect((await hold('GET', held)).status).toBe(404);
    const again = await untilErasure(client);
    expect(again).toMatchObject({
      actor: { kind: 'system', id: 'erase-replay' },
      data: { because: 'asked', again: expect.stringMatching(/^\d{4}-.*Z$/), sessions: 1, keysDestroyed: 1 },
    });
    // Who came back after the restore is not erased unasked.
    await client.create(other, { reference: 'new' });
    await stop();
    const refused = await replay(file('other.json', certificateOfOther));
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('newer than the erasure') });
  });
});
