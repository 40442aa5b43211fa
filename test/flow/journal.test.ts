import { createPublicKey } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { leafOf } from '../../src/journal/tree/leaf.js';
import { leafHash, rootFromInclusion } from '../../src/journal/tree/merkle.js';
import { noteVerifier, openCheckpoint, parseVerifierKey } from '../../src/journal/tree/signed-note.js';
import type { EventBody } from '../support/client.js';
import { waitFor } from '../support/wait-for.js';
import { onEveryStore } from '../support/world.js';

interface Proof {
  position: number;
  leafIndex: number;
  leafHash: string;
  treeSize: number;
  root: string;
  hashes: string[];
  checkpoint: string;
}

interface Verification {
  valid: boolean;
  size: number;
  root: string;
  firstBadPosition: number | null;
  reason: string | null;
}

onEveryStore('the journal as a tree', (world) => {
  const get = async <T>(path: string): Promise<T> => (await world().client.get(path).expect(200)).body as T;
  const verified = () => get<Verification>('/v1/journal/verify');
  const query = (sql: string, values?: unknown[]) => world().database.query(sql, values);
  const sealed = () =>
    waitFor(async () => (await query('select from events where position is null')).count === 0, {
      what: 'everything to be sealed',
    });
  const history = async (times: number) => {
    for (let n = 0; n < times; n += 1) await world().client.create(`journal-${n}`, { reference: `order-${n}` });
    await sealed();
  };
  const verifier = async () => parseVerifierKey((await get<{ verifierKey: string }>('/v1/journal/key')).verifierKey)!;

  it('has a checkpoint that its key has signed, as text and as JSON', async () => {
    await history(3);
    const text = await world().client.get('/v1/journal/checkpoint').expect(200);
    expect(text.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text.text).toMatch(
      /^facecode\.local\/journal\n\d+\n[A-Za-z0-9+/]{43}=\n\n— facecode\.local\/journal \S+\n$/,
    );
    const json = await world().client.get('/v1/journal/checkpoint').set('accept', 'application/json').expect(200);
    const body = json.body as { size: number; root: string; checkpoint: string; publicKey: string; keyId: string };
    expect(body.checkpoint).toBe(text.text);
    const key = await verifier();
    expect(openCheckpoint(text.text, key)).toEqual({
      origin: 'facecode.local/journal',
      size: body.size,
      root: Buffer.from(body.root, 'base64'),
    });
    expect(noteVerifier(key.name, createPublicKey(body.publicKey)).keyId.toString('hex')).toBe(body.keyId);
    expect(openCheckpoint(text.text.replace(/\n\d+\n/, '\n999\n'), key)).toBeNull();
  });

  it('proves each event', async () => {
    const { data } = await get<{ data: EventBody[] }>('/v1/events?limit=1000');
    for (const event of data) {
      const proof = await get<Proof>(`/v1/journal/proof/${event.id}`);
      const leaf = leafHash(leafOf(event as never));
      expect(proof).toMatchObject({ leafIndex: event.position - 1, leafHash: leaf.toString('base64') });
      const path = proof.hashes.map((hash) => Buffer.from(hash, 'base64'));
      const root = rootFromInclusion(leaf, proof.leafIndex, proof.treeSize, path);
      expect(root?.toString('base64')).toBe(proof.root);
      expect(openCheckpoint(proof.checkpoint, await verifier())?.root).toEqual(root);
    }
  });

  it('proves an event at once that was not sealed yet', async () => {
    const session = await world().client.create('journal-at-once');
    const { rows } = await world().database.query<{ id: string }>(
      'select id from events where session_id = $1 order by seq desc limit 1',
      [session.id],
    );
    expect((await get<Proof>(`/v1/journal/proof/${rows[0]!.id}`)).position).toBeGreaterThan(0);
  });

  it.each(['evt_00000000000000000000000000000000', 'nothing', 'ses_00000000000000000000000000000000'])(
    'does not know the event %s',
    async (id) => {
      const answer = await world().client.get(`/v1/journal/proof/${id}`).expect(404);
      expect(answer.body).toMatchObject({ code: 'not-found' });
    },
  );

  it('proves that it has only grown', async () => {
    const { size } = await verified();
    const proof = await get<{ from: number; to: number; hashes: string[] }>(`/v1/journal/consistency?from=5`);
    expect(proof.from).toBe(5);
    expect(proof.to).toBeGreaterThanOrEqual(size);
    expect(await get(`/v1/journal/consistency?from=0&to=${size}`)).toMatchObject({ hashes: [] });
    for (const range of ['', 'from=x', 'from=-1', 'from=9&to=5', `from=1&to=${size + 1000}`, `from=${size + 1000}`]) {
      await world().client.get(`/v1/journal/consistency?${range}`).expect(400);
    }
  });

  it('takes in what an earlier version had sealed without a tree', async () => {
    await history(1);
    const { size } = await verified();
    await withoutTriggers(async () => {
      await query('delete from journal_nodes');
      await query('delete from checkpoints');
    });
    await history(1);
    await waitFor(async () => (await verified()).size > size || null, { what: 'the tree to have caught up' });
    expect(await verified()).toMatchObject({ valid: true, firstBadPosition: null, reason: null });
  });

  it('lets nobody change, remove or empty it, the owner of the tables included', async () => {
    for (const forbidden of [
      'delete from events where position = 1',
      `update events set data = '{}' where position = 1`,
      'update events set position = 1000000 where position = 1',
      'update events set position = null where position = 1',
      `update events set at = now() where position = 1`,
      'update events set personal_sealed = null where position = 1',
      'truncate events cascade',
      'delete from checkpoints',
      'update checkpoints set size = size + 1',
      'delete from journal_nodes',
      `update journal_nodes set hashes = decode(repeat('00', 32), 'hex') where level = 0`,
    ]) {
      await expect(query(forbidden)).rejects.toThrow(/append-only/);
    }
    const { rows } = await world().database.query<{ name: string }>(
      `select column_name as name from information_schema.columns
        where table_schema = 'public' and table_name = 'events' and column_name <> 'position'
       except select event_object_column from information_schema.triggered_update_columns
        where trigger_name = 'events_do_not_change'`,
    );
    expect(rows).toEqual([]);
    expect(await verified()).toMatchObject({ valid: true });
  });

  /** As one would who owns the database: the triggers are taken away first. */
  async function withoutTriggers(work: () => Promise<unknown>): Promise<void> {
    for (const table of ['events', 'checkpoints', 'journal_nodes'])
      await query(`alter table ${table} disable trigger user`);
    try {
      await work();
    } finally {
      for (const table of ['events', 'checkpoints', 'journal_nodes'])
        await query(`alter table ${table} enable trigger user`);
    }
  }

  /** Does the deed, looks what the journal says of it, and takes it back. */
  async function afterDeed(deed: string, undo: string): Promise<Verification> {
    await withoutTriggers(() => query(deed));
    try {
      return await verified();
    } finally {
      await withoutTriggers(() => query(undo));
      expect(await verified()).toMatchObject({ valid: true });
    }
  }

  it('names the event that was changed', async () => {
    const found = await afterDeed(
      `update events set data = data || '{"forged": true}' where position = 7`,
      `update events set data = data - 'forged' where position = 7`,
    );
    expect(found).toMatchObject({ valid: false, firstBadPosition: 7, reason: 'event' });
  });

  it('names the first of two events that were swapped', async () => {
    const swap = `update events set position = case position when -4 then 5 else 4 end where position in (-4, -5)`;
    const deed = async () => {
      await query('update events set position = -position where position in (4, 5)');
      await query(swap);
    };
    await withoutTriggers(deed);
    const found = await verified();
    await withoutTriggers(deed);
    expect(found).toMatchObject({ valid: false, firstBadPosition: 4 });
    expect(await verified()).toMatchObject({ valid: true });
  });

  it('names the place of an event that was removed, in the middle and at the end', async () => {
    await sealed();
    const { size } = await verified();
    for (const position of [6, size]) {
      await query('create table removed as select * from events where position = $1'.replace('$1', String(position)));
      await withoutTriggers(() => query('delete from events where position = $1', [position]));
      const found = await verified();
      const columns = (
        await world().database.query<{ name: string }>(
          `select column_name as name from information_schema.columns where table_name = 'removed' and column_name <> 'row_number'`,
        )
      ).rows.map(({ name }) => name);
      await query(
        `insert into events (row_number, ${columns.join(', ')}) overriding system value
         select row_number, ${columns.join(', ')} from removed`,
      );
      await query('drop table removed');
      expect(found).toMatchObject({ valid: false, firstBadPosition: position });
      expect(await verified()).toMatchObject({ valid: true });
    }
  });

  it('names where a rewriting began that has changed the tree as well', async () => {
    // Event and leaf agree again; what was signed does not.
    const event = (await get<{ data: EventBody[] }>('/v1/events?after=8&limit=1')).data[0]!;
    const leaf = (data: object) => leafHash(leafOf({ ...event, data } as never)).toString('hex');
    const overlay = (hash: string) =>
      `update journal_nodes set hashes = overlay(hashes placing decode('${hash}', 'hex') from ${8 * 32 + 1} for 32)
        where level = 0 and tile = 0`;
    await withoutTriggers(async () => {
      await query(`update events set data = data || '{"forged": true}' where position = 9`);
      await query(overlay(leaf({ ...event.data, forged: true })));
    });
    const found = await verified();
    await withoutTriggers(async () => {
      await query(`update events set data = data - 'forged' where position = 9`);
      await query(overlay(leaf(event.data)));
    });
    expect(found).toMatchObject({ valid: false, reason: 'checkpoint' });
    expect(found.firstBadPosition).toBeLessThanOrEqual(9);
    expect(await verified()).toMatchObject({ valid: true });
  });

  it('finds a checkpoint that another key has signed', async () => {
    const { rows } = await world().database.query<{ note: string; size: string }>(
      'select note, size from checkpoints order by size desc limit 1',
    );
    const { note, size } = rows[0]!;
    const forged = note.replace(/ (\S+)\n$/, (_, signature: string) => {
      const bytes = Buffer.from(signature, 'base64');
      bytes[20]! ^= 1;
      return ` ${bytes.toString('base64')}\n`;
    });
    const quoted = (text: string) => `$note$${text}$note$`;
    const found = await afterDeed(
      `update checkpoints set note = ${quoted(forged)} where size = ${size}`,
      `update checkpoints set note = ${quoted(note)} where size = ${size}`,
    );
    expect(found).toMatchObject({ valid: false, reason: 'signature' });
  });

  it.each(['checkpoint', 'key', 'proof/evt_00000000000000000000000000000000', 'consistency?from=0', 'verify'])(
    'is not shown to a key without the scope: %s',
    async (route) => {
      const made = await world()
        .client.post('/v1/api-keys', { name: 'platform', scopes: ['sessions'] })
        .expect(201);
      await world()
        .client.as((made.body as { key: string }).key)
        .get(`/v1/journal/${route}`)
        .expect(403);
    },
  );
});
