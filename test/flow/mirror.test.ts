import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compareWithMirror } from '../../src/cli/verify-mirror.js';
import { journalOf } from '../../src/cli/journal-of.js';
import { SETTINGS } from '../../src/config/settings.token.js';
import type { Settings } from '../../src/config/settings.js';
import { JOURNAL_KEY } from '../../src/journal/tree/journal-key.js';
import { type NoteSigner, openOwnCheckpoint, signCheckpoint } from '../../src/journal/tree/signed-note.js';
import { openNote } from '../support/independent-verifier.js';
import { describeServers } from '../support/servers.js';
import type { StoreName } from '../support/store.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { waitFor } from '../support/wait-for.js';
import { openWorld, type World } from '../support/world.js';

const suite = (store: StoreName) => () => {
  let world: World;
  let folder: string;
  beforeAll(async () => {
    folder = temporaryFolder('mirror');
    world = await openWorld(store, { CHECKPOINT_MIRROR: folder });
  });
  afterAll(async () => {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const kept = () => readdirSync(folder).filter((name) => name.endsWith('.checkpoint'));
  const latest = () => readFileSync(join(folder, 'latest'), 'utf8');
  const query = (sql: string) => world.database.query(sql);
  const mirrored = () =>
    waitFor(
      async () =>
        (
          await query(
            `select from checkpoint_mirror where size = (select max(size) from checkpoints)
              and not exists (select from events where position is null)`,
          )
        ).count === 1,
      { what: 'the newest checkpoint to be mirrored' },
    );
  const app = () => world.service.service.app;
  const journal = () => journalOf(world.database, app().get<Settings>(SETTINGS));
  const compared = async (): Promise<string> => (await compareWithMirror(folder, journal(), null)).text;
  const stopped = () =>
    waitFor(async () => (await query('select from journal_state where stopped is not null')).count === 1, {
      what: 'sealing to have stopped',
    });
  const accept = async () => {
    const { acceptance, outside } = journal();
    await outside.load();
    const { body } = await world.client.get('/v1/journal/verify').expect(200);
    const accepted = await acceptance.accept(Buffer.from((body as { root: string }).root, 'base64'));
    await outside.written();
    expect(accepted.kind).toBe('accepted');
    expect((await world.client.get('/v1/journal/verify').expect(200)).body).toMatchObject({ valid: true });
  };

  it('has every newest checkpoint under its size and as `latest`, and nothing unfinished', async () => {
    await world.client.create('mirror-1');
    await mirrored();
    const { text } = await world.client.get('/v1/journal/checkpoint').expect(200);
    expect(latest()).toBe(text);
    const { body } = await world.client.get('/v1/journal/key').expect(200);
    const { size } = openNote(latest(), (body as { publicKey: string }).publicKey);
    expect(kept()).toContain(`${String(size).padStart(16, '0')}.checkpoint`);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(await compared()).toMatch(/^valid: \d+ mirrored checkpoints/);
    expect((await world.client.get('/metrics').expect(200)).text).toMatch(
      /^facecode_checkpoint_mirror_total\{result="kept"\} [1-9]/m,
    );
  });

  it('does not hold up sealing where it cannot be written, and catches up', async () => {
    await mirrored();
    rmSync(folder, { recursive: true, force: true });
    writeFileSync(folder, 'a file stands where the folder was');
    const session = await world.client.create('mirror-2');
    await world.client.untilEvent(session.id, 'attempt.awaiting-selfie');
    const failed = async () =>
      /mirror_total\{result="failed"\} [1-9]/.test((await world.client.get('/metrics').expect(200)).text);
    await waitFor(failed, { what: 'a failure to be counted' });
    rmSync(folder);
    await mirrored();
    expect(kept()).toHaveLength(1);
  });

  it('finds a journal that was rewritten, which the service does not sign anew', async () => {
    await world.client.create('mirror-3');
    await mirrored();
    expect(await compared()).toMatch(/^valid/);
    const tables = ['events', 'checkpoints', 'journal_nodes'];
    for (const table of tables) await query(`alter table ${table} disable trigger user`);
    await query(`update events set data = data || '{"forged": true}' where position = 2`);
    await query('delete from journal_nodes');
    await query('delete from checkpoints');
    for (const table of tables) await query(`alter table ${table} enable trigger user`);
    await stopped();
    expect((await query('select from checkpoints')).count).toBe(0);
    expect(await compared()).toMatch(/^NOT VALID: the checkpoint of size \d+: the journal ends at 0$/);
    await accept();
    await world.client.create('mirror-4');
    await mirrored();
    expect(kept().some((name) => name.endsWith('.accepted-1.checkpoint'))).toBe(true);
    expect(await compared()).toMatch(/^valid: [1-9]\d* mirrored checkpoints.*; [1-9]\d* are older than the last/);
  });

  it('reveals a restored older backup to a process that knows no other checkpoint', async () => {
    await world.client.create('mirror-5');
    await mirrored();
    const [note, signer] = [latest(), app().get<NoteSigner>(JOURNAL_KEY)];
    writeFileSync(
      join(folder, 'latest'),
      signCheckpoint({ ...openOwnCheckpoint(note, signer)!, size: 1_000_000 }, signer),
    );
    const elsewhere = temporaryFolder('other-replica');
    const { beginning } = journalOf(world.database, { ...app().get<Settings>(SETTINGS), dataDir: elsewhere });
    await beginning.onModuleInit();
    await stopped();
    const { rows } = await world.database.query<{ stopped: object }>('select stopped from journal_state');
    expect(rows[0]!.stopped).toMatchObject({ reason: 'truncated', detail: expect.stringContaining('latest') });
    const verified = await world.client.get('/v1/journal/verify').expect(200);
    expect(verified.body).toMatchObject({ valid: false, reason: 'truncated' });
    await accept();
    rmSync(elsewhere, { recursive: true, force: true });
  });
};

describe('the mirror of the checkpoints, on the embedded store', suite('embedded'));
describeServers('the mirror of the checkpoints, on PostgreSQL and Redis', ['postgres', 'redis'], suite('servers'));

describe('a mirror behind an address', () => {
  it('is posted each newest checkpoint until it answers 2xx', async () => {
    const notes: string[] = [];
    const answers = [503, 302];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const status = answers.shift() ?? 204;
        if (status === 204) notes.push(`${request.method} ${request.headers['content-type']} ${body}`);
        response.writeHead(status, { location: '/elsewhere' }).end();
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const world = await openWorld('embedded', { CHECKPOINT_MIRROR: `http://127.0.0.1:${port}/checkpoints` });
    try {
      await world.client.create('mirror-url');
      await waitFor(() => notes.length > 0, { what: 'a checkpoint to arrive' });
      expect(notes[0]).toMatch(/^POST text\/plain; charset=utf-8 facecode\.local\/journal\n\d+\n/);
    } finally {
      await world.close();
      server.closeAllConnections();
      server.close();
    }
  });
});
