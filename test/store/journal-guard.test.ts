/** What the journal seals and what it does not, on the embedded database and without a service. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { type Journal, journalOf } from '../../src/cli/journal-of.js';
import { readSettings } from '../../src/config/read-settings.js';
import type { Settings } from '../../src/config/settings.js';
import { connectDatabase } from '../../src/database/connect.js';
import type { Database, Transaction } from '../../src/database/database.js';
import { migrate } from '../../src/database/migrate.js';
import type { NewEvent } from '../../src/journal/journal-event.js';
import { journalKey } from '../../src/journal/tree/journal-key.js';
import { JournalService } from '../../src/journal/tree/journal.service.js';
import { leafOf } from '../../src/journal/tree/leaf.js';
import { leafHash, rootOf } from '../../src/journal/tree/merkle.js';
import { SealingStore } from '../../src/journal/tree/sealing.store.js';
import { signCheckpoint } from '../../src/journal/tree/signed-note.js';
import { nodesOf } from '../../src/journal/tree/tiles.js';
import { TreeStore } from '../../src/journal/tree/tree.store.js';
import { prepareEmbedded } from '../support/embedded-template.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

const actor = { kind: 'system', id: 'test' } as const;
const held = (scanRef: string): NewEvent => ({ type: 'subject.held', attemptId: null, data: { scanRef } });

describe('sealing', () => {
  const folder = temporaryFolder('journal-guard');
  let settings: Settings;
  let database: Database;
  /** one process */
  let journal: Journal;
  beforeAll(async () => {
    settings = readSettings(testEnvironment(folder));
    await prepareEmbedded(folder);
    database = await connectDatabase(settings);
    await migrate(database);
    Logger.overrideLogger(false);
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  // A file that is written late must not meet the next test.
  afterEach(() => journal.outside.written());
  beforeEach(async () => {
    await withoutTriggers(() =>
      database.query('truncate events, sessions, checkpoints, journal_nodes, journal_state cascade'),
    );
    await database.query('insert into journal_state default values');
    rmSync(join(folder, 'journal.checkpoint'), { force: true });
    journal = journalOf(database, settings);
  });

  const texts = async (sql: string, values: unknown[] = []) =>
    (await database.query<{ text: string }>(sql, values)).rows.map(({ text }) => text);
  const append = (...added: NewEvent[]) =>
    database.transaction((tx) => journal.store.appendLoose(tx, added, new Date(), actor, null));
  const insert = (id: string, position: number | null = null) =>
    database.query(
      `insert into events (id, position, type, at, actor, data)
       values ($1, $2, 'subject.held', now(), '{"kind": "system", "id": "test"}', '{"scanRef": "x"}')`,
      [id, position],
    );
  const stoppedBecause = async () =>
    (await texts(`select stopped->>'reason' as text from journal_state where stopped is not null`))[0] ?? null;
  const sealedIds = () => texts('select id as text from events where position is not null order by position');
  const withoutTriggers = async (work: () => Promise<unknown>) => {
    const tables = ['events', 'checkpoints', 'journal_nodes'];
    for (const table of tables) await database.query(`alter table ${table} disable trigger user`);
    await work();
    for (const table of tables) await database.query(`alter table ${table} enable trigger user`);
  };
  const accept = async (by = journal) => {
    const { root } = await by.verification.verify();
    return (await by.acceptance.accept(root)).kind;
  };

  /** What a version without MACs has left: events with positions, their tree and a signed checkpoint. */
  const olderVersion = async (...ids: string[]) => {
    for (const [index, id] of ids.entries()) await insert(id, index + 1);
    const rows = await new SealingStore(database).sealed(0, ids.length, ids.length);
    const hashes = Buffer.concat(rows.map((row) => leafHash(leafOf(row))));
    await database.query('insert into journal_nodes (level, tile, hashes) values (0, 0, $1)', [hashes]);
    const tree = { size: ids.length, root: await rootOf(nodesOf(new TreeStore(database).tiles()), ids.length) };
    const signer = journalKey(settings);
    await new TreeStore(database).addCheckpoint(
      database as unknown as Transaction,
      { ...tree, note: signCheckpoint({ origin: signer.name, ...tree }, signer) },
      new Date(),
    );
  };

  it('takes in the events of an older version once, and none without a MAC later', async () => {
    await olderVersion('evt_1', 'evt_2');
    await insert('evt_3');
    await journal.beginning.onModuleInit();
    await journal.sealing.sealAll();
    expect(await sealedIds()).toEqual(['evt_1', 'evt_2', 'evt_3']);
    expect(await journal.verification.verify()).toMatchObject({ valid: true, size: 3 });
    await insert('evt_4');
    await journalOf(database, settings).beginning.onModuleInit();
    await journal.sealing.sealAll();
    expect(await stoppedBecause()).toBe('mac');
    expect(await sealedIds()).toEqual(['evt_1', 'evt_2', 'evt_3']);
  });

  describe('at a start with an empty data dir, in a database that says that it has no MACs yet', () => {
    /** as its owner could make it look */
    const looksOlder = (...deeds: string[]) =>
      withoutTriggers(async () => {
        await database.query('update events set mac = null');
        await database.query('update journal_state set macs_began = null');
        for (const deed of deeds) await database.query(deed);
      });
    const startAnew = async () => {
      await journal.outside.written();
      rmSync(join(folder, 'journal.checkpoint'), { force: true });
      const started = journalOf(database, settings);
      await started.beginning.onModuleInit();
      await started.sealing.sealAll();
    };
    const lost = ['delete from journal_nodes', 'delete from checkpoints'];
    const edited = `update events set version = 1, data = '{"scanRef": "somebody else"}'`;
    beforeEach(async () => {
      await journal.beginning.onModuleInit();
      await append(held('one'), held('two'));
      await journal.sealing.sealAll();
    });

    it.each([
      ['with their positions', [edited, ...lost]],
      ['without positions', [edited, 'update events set position = null', ...lost]],
    ])('signs no events that were changed after tree and checkpoints were deleted, %s', async (_, deeds) => {
      await looksOlder(...deeds);
      await startAnew();
      expect(await stoppedBecause()).not.toBeNull();
      expect(await texts('select note as text from checkpoints')).toEqual([]);
    });

    it('seals no event that was inserted by SQL', async () => {
      const before = await sealedIds();
      await looksOlder();
      await insert('evt_invented');
      await startAnew();
      expect(await stoppedBecause()).toBe('mac');
      expect(await sealedIds()).toEqual(before);
      // After an operator has accepted the journal, the next start has nothing against it.
      expect(await accept(journalOf(database, settings))).toBe('accepted');
      await startAnew();
      expect(await stoppedBecause()).toBeNull();
      expect(await sealedIds()).not.toContain('evt_invented');
    });

    it('is not misled by an edited last event that looks like one of an older version', async () => {
      const before = await sealedIds();
      await looksOlder('update events set version = 1');
      await insert('evt_invented');
      await startAnew();
      expect(await stoppedBecause()).toBe('mac');
      expect(await sealedIds()).toEqual(before);
    });
  });

  it('believes an event without a MAC that a checkpoint outside covers, when tree and checkpoints are lost', async () => {
    await olderVersion('evt_1', 'evt_2');
    await journal.beginning.onModuleInit();
    await journal.outside.written();
    await withoutTriggers(async () => {
      await database.query('delete from journal_nodes');
      await database.query('delete from checkpoints');
    });
    expect(await journal.verification.verify()).toMatchObject({ valid: false, badPositions: '' });
    // A process that knows no checkpoint has nothing that vouches for them.
    rmSync(join(folder, 'journal.checkpoint'));
    const other = journalOf(database, settings);
    expect(await other.verification.verify()).toMatchObject({ valid: false, badPositions: '1-2' });
  });

  it('stops when an event that was not sealed yet is missing within its session', async () => {
    await journal.beginning.onModuleInit();
    await database.query(
      `insert into sessions (id, status, scan_ref, channels, code_lifetime_seconds, max_attempts, retry_on,
                             personal_sealed, client_token_digest, created_by, seq, created_at, updated_at, expires_at)
       values ('ses_1', 'active', 'x', '{code}', 1800, 3, '{}', '', '', 'key', 0, now(), now(), now())`,
    );
    const events = ['one', 'two', 'three'].map(held);
    const session = { id: 'ses_1', platform: 'main' };
    await database.transaction((tx) => journal.store.append(tx, session, 1, events, new Date(), actor));
    await withoutTriggers(() => database.query('delete from events where seq = 2'));
    await journal.sealing.sealAll();
    expect(await stoppedBecause()).toBe('gap');
    expect(await sealedIds()).toEqual([]);
    expect(await accept()).toBe('accepted');
    await database.transaction((tx) => journal.store.append(tx, session, 4, [held('four')], new Date(), actor));
    await journal.sealing.sealAll();
    expect(await stoppedBecause()).toBeNull();
    expect(await sealedIds()).toHaveLength(4);
  });

  it('does not resume because the database says so, nor because the database was repaired', async () => {
    await journal.beginning.onModuleInit();
    await append(held('good'));
    await insert('evt_forged');
    await journal.sealing.sealAll();
    await withoutTriggers(() => database.query(`delete from events where id = 'evt_forged'`));
    await database.query('update journal_state set stopped = null, stopped_at = null');
    await journal.sealing.sealAll();
    expect(await sealedIds()).toEqual([]);
    expect(await stoppedBecause()).toBe('mac');
    expect(await accept()).toBe('accepted');
    await journal.sealing.sealAll();
    expect(await sealedIds()).toHaveLength(2);
  });

  it('stops when a state from before the last seal, or from before an acceptance, is put back', async () => {
    await journal.beginning.onModuleInit();
    const tables = ['events', 'checkpoints', 'journal_nodes', 'journal_state'];
    const backUp = async (name: string) => {
      for (const table of tables) await database.query(`create table ${name}_${table} as select * from ${table}`);
    };
    const restore = async (name: string) => {
      await withoutTriggers(async () => {
        for (const table of tables) {
          const overriding = table === 'events' ? 'overriding system value' : '';
          const columns = await texts(
            `select string_agg(quote_ident(column_name), ',' order by ordinal_position) as text
               from information_schema.columns where table_name = $1`,
            [table],
          );
          await database.query(`delete from ${table}`);
          await database.query(
            `insert into ${table} (${columns[0]}) ${overriding} select ${columns[0]} from ${name}_${table}`,
          );
        }
      });
    };
    await append(held('one'));
    await journal.sealing.sealAll();
    await backUp('before');
    await append(held('two'));
    await journal.sealing.sealAll();
    await restore('before');
    await append(held('another two'));
    await journal.sealing.sealAll();
    expect(await stoppedBecause()).toBe('truncated');
    expect(await journal.verification.verify()).toMatchObject({ valid: false, reason: 'truncated', size: 1 });
    // A process that starts now knows it from the data dir.
    const started = journalOf(database, settings);
    await started.beginning.onModuleInit();
    expect(await accept(started)).toBe('accepted');
    await journal.sealing.sealAll();
    expect(await stoppedBecause()).toBeNull();
    expect(await journal.verification.verify()).toMatchObject({ valid: true, size: 3 });
    // Neither the accepted state nor the one before it can be put back.
    await restore('before');
    await append(held('a third two'));
    await journal.sealing.sealAll();
    expect(await stoppedBecause()).toBe('outside');
  });

  it('stops when the tree was changed together with an event, although all checkpoints are there', async () => {
    await journal.beginning.onModuleInit();
    await append(held('one'), held('two'));
    await journal.sealing.sealAll();
    await withoutTriggers(() =>
      database.query(
        `update journal_nodes set hashes = overlay(hashes placing decode(repeat('00', 32), 'hex') from 1 for 32)`,
      ),
    );
    await append(held('three'));
    await journal.sealing.sealAll();
    expect(await stoppedBecause()).toBe('tree');
    expect(await sealedIds()).toHaveLength(2);
    expect(await accept()).toBe('accepted');
    expect(await sealedIds()).toHaveLength(4);
    expect(await journal.verification.verify()).toMatchObject({ valid: true });
  });

  it('replaces a tree of many tiles', async () => {
    await journal.beginning.onModuleInit();
    await append(...Array.from({ length: 800 }, (_, n) => held(`many-${n}`)));
    await journal.sealing.sealAll();
    const { root } = await journal.verification.verify();
    await withoutTriggers(() => database.query('delete from journal_nodes where level = 0 and tile in (0, 2)'));
    const found = await journal.verification.verify();
    expect(found).toMatchObject({ valid: false, reason: 'tree', size: 800, badPositions: '' });
    expect(found.root).toEqual(root);
    expect(await accept()).toBe('accepted');
    expect(await journal.verification.verify()).toMatchObject({ valid: true, size: 801 });
  });

  it('is not stopped by a verification that an operator has overtaken by accepting the journal', async () => {
    await journal.beginning.onModuleInit();
    await append(held('one'));
    await insert('evt_forged');
    await journal.sealing.sealAll();
    const operator = journalOf(database, settings);
    const overtaken = Object.assign(Object.create(journal.verification) as typeof journal.verification, {
      verify: async (tx?: Transaction) => {
        const found = await journal.verification.verify(tx);
        if (!tx) expect(await accept(operator)).toBe('accepted');
        return found;
      },
    });
    const service = new JournalService(
      journal.proofs,
      new SealingStore(database),
      overtaken,
      journal.guard,
      journal.sealing,
    );
    expect(await service.verify()).toMatchObject({ valid: true, sealing: 'on' });
    expect(await stoppedBecause()).toBeNull();
    await operator.outside.written();
  });

  it('finds no fault while events are appended, sealed and verified at the same time', async () => {
    await journal.beginning.onModuleInit();
    const other = journalOf(database, settings);
    await other.beginning.onModuleInit();
    const appending = (async () => {
      for (let n = 0; n < 60; n += 1) {
        await append(...Array.from({ length: 1 + (n % 9) }, (_, m) => held(`busy-${n}-${m}`)));
        await (n % 2 ? journal : other).sealing.sealAll();
      }
    })();
    const all = { appended: false };
    void appending.finally(() => (all.appended = true));
    while (!all.appended) {
      const found = await Promise.all([journal.verification.verify(), other.verification.verify()]);
      expect(found.map(({ fault }) => fault)).toEqual([null, null]);
    }
    await appending;
    await other.outside.written();
    expect(await journal.verification.verify()).toMatchObject({ valid: true, size: 291 });
  });

  describe('when the database is behind the checkpoint in the data dir at a start, as after a power cut', () => {
    /** Takes back the last seal and what was sealed with it. */
    const loseTheLastSeal = async () => {
      await journal.beginning.onModuleInit();
      await append(held('one'));
      await journal.sealing.sealAll();
      await append(held('two'));
      await journal.sealing.sealAll();
      await journal.outside.written();
      await withoutTriggers(async () => {
        await database.query('delete from events where position = 2');
        await database.query('delete from checkpoints where size = 2');
        await database.query('update journal_nodes set hashes = substring(hashes from 1 for 32)');
      });
    };

    it('goes on if the database is embedded, which runs without fsync', async () => {
      await loseTheLastSeal();
      const started = journalOf(database, settings);
      await started.beginning.onModuleInit();
      expect(await stoppedBecause()).toBeNull();
      expect(await started.verification.verify()).toMatchObject({ valid: true, size: 1 });
      await append(held('three'));
      await started.sealing.sealAll();
      expect(await started.verification.verify()).toMatchObject({ valid: true, size: 2 });
      // From then on the process knows what it has checked itself.
      await started.outside.written();
      await withoutTriggers(() => database.query('delete from checkpoints where size = 2'));
      await started.sealing.sealAll();
      expect(await stoppedBecause()).toBe('truncated');
    });

    it('goes on if the embedded database has lost everything, its mark of MACs included', async () => {
      await loseTheLastSeal();
      await withoutTriggers(() => database.query('truncate events, checkpoints, journal_nodes, journal_state cascade'));
      const started = journalOf(database, settings);
      await started.beginning.onModuleInit();
      expect(await stoppedBecause()).toBeNull();
    });

    it('stops if the database is a server', async () => {
      await loseTheLastSeal();
      const onServer = { ...settings, database: { ...settings.database, url: 'postgres://server/facecode' } };
      await journalOf(database, onServer).beginning.onModuleInit();
      expect(await stoppedBecause()).toBe('truncated');
    });

    it('stops if the mirror knows more than the embedded database', async () => {
      await loseTheLastSeal();
      const mirror = join(folder, 'mirror');
      mkdirSync(mirror, { recursive: true });
      copyFileSync(join(folder, 'journal.checkpoint'), join(mirror, 'latest'));
      await journalOf(database, { ...settings, checkpointMirror: { folder: mirror } }).beginning.onModuleInit();
      expect(await stoppedBecause()).toBe('truncated');
    });
  });

  it('accepts only the root that is there, and nothing when nothing is wrong', async () => {
    await journal.beginning.onModuleInit();
    await append(held('one'));
    await journal.sealing.sealAll();
    expect((await journal.acceptance.accept(Buffer.alloc(32))).kind).toBe('other-root');
    expect(await accept()).toBe('not-needed');
    expect(await sealedIds()).toHaveLength(1);
  });
});
