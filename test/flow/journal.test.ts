import { createPublicKey } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { journalOf } from '../../src/cli/journal-of.js';
import { SETTINGS } from '../../src/config/settings.token.js';
import type { Settings } from '../../src/config/settings.js';
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
  badPositions: string;
  badEvents: string[];
  sealing: 'on' | 'stopped';
}

onEveryStore('the journal as a tree', (world) => {
  const get = async <T>(path: string): Promise<T> => (await world().client.get(path).expect(200)).body as T;
  const verified = () => get<Verification>('/v1/journal/verify');
  const query = (sql: string, values?: unknown[]) => world().database.query(sql, values);
  const sealed = () =>
    waitFor(async () => (await query('select from events where position is null and not set_aside')).count === 0, {
      what: 'everything to be sealed',
    });
  const checks = async () => (await get<{ checks: Record<string, string> }>('/readyz')).checks;
  const stopped = () =>
    waitFor(async () => (await checks()).journal === 'inconsistent', { what: 'sealing to have stopped' });
  /** As `facecode journal accept` does it, with the root that verify shows. */
  const accept = async () => {
    const { root } = await verified();
    const settings = world().service.service.app.get<Settings>(SETTINGS);
    const { acceptance, outside } = journalOf(world().database, settings);
    await outside.load();
    const accepted = await acceptance.accept(Buffer.from(root, 'base64'));
    await outside.written();
    expect(accepted.kind).toBe('accepted');
    expect(await verified()).toMatchObject({ valid: true, reason: null, sealing: 'on' });
    await sealed();
    expect(await checks()).not.toHaveProperty('journal');
    const { rows } = await world().database.query<{ data: Record<string, unknown>; position: string }>(
      `select data, position from events where type = 'journal.accepted' order by position desc limit 1`,
    );
    expect(rows[0]!.data).toMatchObject({ root });
    return rows[0]!.data;
  };
  /** An event of no session, so that what is done to it changes no session. */
  const looseEvent = async (scanRef: string) => {
    await world().client.create(scanRef);
    await sealed();
    const held = await fetch(`${world().url}/v1/subjects/${encodeURIComponent(scanRef)}/legal-hold`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${world().service.adminKey}`, 'content-type': 'application/json' },
      body: '{"reason": "a case"}',
    });
    expect(held.status).toBe(200);
    const { rows } = await world().database.query<{ id: string; position: string | null }>(
      `select id, position from events where type = 'subject.held' and data->>'scanRef' = $1`,
      [scanRef],
    );
    return rows[0]!;
  };
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

  it('lets nobody change, remove or empty it, the owner of the tables included', async () => {
    for (const forbidden of [
      'delete from events where position = 1',
      `update events set data = '{}' where position = 1`,
      'update events set position = 1000000 where position = 1',
      'update events set position = null where position = 1',
      `update events set at = now() where position = 1`,
      'update events set personal_sealed = null where subject_key_id is not null',
      'update events set mac = null where position = 1',
      'update events set set_aside = true where position = 1',
      'update checkpoints set note = note',
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
        where table_schema = 'public' and table_name = 'events' and column_name not in ('position', 'mac', 'set_aside')
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
      expect(await verified()).toMatchObject({ valid: true, sealing: 'stopped' });
      expect(await accept()).toMatchObject({ positions: '', events: [] });
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
    expect(found).toMatchObject({ valid: false, firstBadPosition: 4, badPositions: '4-5' });
    expect(await verified()).toMatchObject({ valid: true });
    await accept();
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
      await accept();
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
    await accept();
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

  it('does not sign a rewritten history, and resumes when an operator has accepted it', async () => {
    const { id } = await looseEvent('rewritten');
    await sealed();
    const before = await verified();
    await withoutTriggers(async () => {
      await query(`update events set data = '{"scanRef": "somebody else"}' where id = $1`, [id]);
      await query('delete from journal_nodes');
      await query('delete from checkpoints');
    });
    await stopped();
    expect((await query('select from checkpoints')).count).toBe(0);
    const found = await verified();
    const { rows } = await world().database.query<{ position: string }>('select position from events where id = $1', [
      id,
    ]);
    expect(found).toMatchObject({
      valid: false,
      size: before.size,
      badPositions: rows[0]!.position,
      sealing: 'stopped',
    });
    expect(found.root).not.toBe(before.root);
    expect(await accept()).toMatchObject({ positions: rows[0]!.position, known: { root: before.root } });
    await history(1);
    expect((await verified()).size).toBeGreaterThan(before.size);
    const { text } = await world().client.get('/v1/journal/checkpoint').expect(200);
    expect(text).toMatch(/\nfacecode-accepted \d+\n\n/);
    // The rewritten event itself cannot be proven.
    const proof = await get<Proof>(`/v1/journal/proof/${id}`);
    const path = proof.hashes.map((hash) => Buffer.from(hash, 'base64'));
    const root = rootFromInclusion(Buffer.from(proof.leafHash, 'base64'), proof.leafIndex, proof.treeSize, path);
    expect(root?.toString('base64')).not.toBe(proof.root);
  });

  it('does not seal a pass that was inserted by SQL, and signs nothing while it waits', async () => {
    const session = await world().client.create('invented');
    const other = await world().client.create('not-invented');
    await sealed();
    const { size } = await verified();
    await query(
      `insert into events (id, session_id, seq, type, at, actor, data)
       select 'evt_invented', id, seq + 1, 'session.passed', now(), '{"kind": "idenfy", "id": "whk_1"}', '{}'
         from sessions where id = $1`,
      [session.id],
    );
    await stopped();
    const found = await verified();
    expect(found).toMatchObject({ valid: false, size, firstBadPosition: size + 1, reason: 'mac' });
    expect(found.badEvents).toEqual(['evt_invented']);
    const evidence = await world().client.get(`/v1/sessions/${other.id}/evidence`).expect(503);
    expect(evidence.body).toMatchObject({ code: 'unavailable', detail: expect.stringMatching(/inconsistent/) });
    await world().client.post('/v1/subjects/not-invented/erase').expect(503);
    expect((await world().client.get('/metrics').expect(200)).text).toMatch(/^facecode_journal_inconsistent 1$/m);
    expect(await accept()).toMatchObject({ events: ['evt_invented'], reason: 'mac' });
    await world().client.get(`/v1/sessions/${other.id}/evidence`).expect(200);
    // The seq that the invented event had taken is free again.
    await world().client.post(`/v1/sessions/${session.id}/cancel`).expect(200);
    await sealed();
    expect((await world().client.events(session.id)).map(({ type }) => type)).not.toContain('session.passed');
    expect((await query(`select from events where id = 'evt_invented' and position is null`)).count).toBe(1);
    expect(await verified()).toMatchObject({ valid: true });
  });

  it.each([
    ['an event that was changed before it was sealed', `update events set data = '{"scanRef": "x"}' where id = $1`],
    [
      'an event with the MAC of another',
      `update events set mac = (select mac from events where position = 1) where id = $1`,
    ],
    ['an event without a MAC', 'update events set mac = null where id = $1'],
  ])('does not seal %s', async (name, deed) => {
    await sealed();
    // Nobody seals meanwhile.
    const { id } = await world().database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [0x5365616c]);
      const inserted = await tx.query<{ id: string }>(
        `insert into events (id, type, at, actor, data, mac)
         select 'evt_' || md5($1), type, at, actor, data, mac from events where type = 'subject.held' limit 1 returning id`,
        [name],
      );
      return inserted.rows[0]!;
    });
    await withoutTriggers(() => query(deed, [id]));
    await stopped();
    expect((await verified()).badEvents).toEqual([id]);
    expect(await accept()).toMatchObject({ events: [id] });
  });

  it('stops when its last events are deleted together with their tree and checkpoints', async () => {
    await looseEvent('deleted');
    await sealed();
    const { size, root } = await verified();
    await withoutTriggers(async () => {
      await query('create table older as select * from checkpoints order by size desc offset 1 limit 1');
      await query('delete from events where position > (select size from older)');
      await query('delete from checkpoints where size > (select size from older)');
      await query('delete from journal_nodes where level > 0 or tile > (select (size - 1) / 256 from older)');
      await query(
        `update journal_nodes set hashes = substring(hashes from 1 for ((older.size - 1) % 256 + 1)::int * 32)
           from older where tile = (older.size - 1) / 256`,
      );
      await query('drop table older');
    });
    await world().client.create('after-the-deletion');
    await stopped();
    const found = await verified();
    expect(found).toMatchObject({ valid: false, reason: 'truncated', firstBadPosition: found.size + 1 });
    expect(found.size).toBeLessThan(size);
    expect(await accept()).toMatchObject({ known: { size, root } });
    await history(1);
  });

  it('does not believe a database that says it has no MACs yet', async () => {
    await sealed();
    await query('update journal_state set macs_began = null');
    const settings = world().service.service.app.get<Settings>(SETTINGS);
    await journalOf(world().database, settings).beginning.onModuleInit();
    await stopped();
    await accept();
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
