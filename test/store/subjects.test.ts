/** Rows of subjects and of request budgets, on the embedded database and on PostgreSQL. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/config/read-settings.js';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open.js';
import { RequestBudgetsStore } from '../../src/http/request-budgets.store.js';
import { SubjectsStore } from '../../src/risk/subjects.store.js';
import { prepareEmbedded } from '../support/embedded-template.js';
import { createDatabase } from '../support/postgres.js';
import { describeServers } from '../support/servers.js';
import { serverUrls } from '../support/server-urls.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const at = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);

function suite(open: () => Promise<{ database: Database; close: () => Promise<void> }>) {
  let database: Database;
  let close: () => Promise<void>;
  let store: SubjectsStore;
  let budgets: RequestBudgetsStore;

  beforeAll(async () => {
    ({ database, close } = await open());
    store = new SubjectsStore(database);
    budgets = new RequestBudgetsStore(database);
  });
  afterAll(() => close());
  beforeEach(() => database.query('truncate subjects, request_budgets'));

  describe('a subject', () => {
    it('is made when its row is first locked, and given back as it was saved', async () => {
      expect(await store.find('ref')).toBeNull();
      const made = await database.transaction((tx) => store.lockRow(tx, 'ref', now));
      expect(made).toEqual({
        scanRef: 'ref',
        consecutiveFailures: 0,
        locks: 0,
        lockedUntil: null,
        lastOutcomes: [],
        failuresByPlatform: {},
        version: 1,
      });
      const changed = {
        ...made,
        consecutiveFailures: 5,
        locks: 1,
        lockedUntil: at(30),
        lastOutcomes: [{ status: 'FAILED' as const, at: now.toISOString() }],
        failuresByPlatform: { main: 5 },
      };
      await database.transaction(async (tx) => {
        await store.lockRow(tx, 'ref', now);
        await store.save(tx, changed, now);
      });
      expect(await store.find('ref')).toEqual({ ...changed, version: 2 });
    });

    it('is counted by one after the other: of twenty at once none is lost', async () => {
      const count = () =>
        database.transaction(async (tx) => {
          const row = await store.lockRow(tx, 'ref', now);
          await store.save(tx, { ...row, consecutiveFailures: row.consecutiveFailures + 1 }, now);
        });
      await Promise.all(Array.from({ length: 20 }, count));
      expect(await store.find('ref')).toMatchObject({ consecutiveFailures: 20, version: 21 });
    });

    it('is not made by asking whether it is locked', async () => {
      expect(await database.transaction((tx) => store.lockExisting(tx, 'ref'))).toBeNull();
      expect(await store.find('ref')).toBeNull();
    });

    it('is not saved over a version that was not read', async () => {
      const row = await database.transaction((tx) => store.lockRow(tx, 'ref', now));
      const stale = database.transaction((tx) => store.save(tx, { ...row, version: 7 }, now));
      await expect(stale).rejects.toThrow('not of version 7');
      expect(await store.find('ref')).toEqual(row);
    });
  });

  describe('a request budget', () => {
    /** One a second, ten of them at once. */
    const budget = { perMinute: 60 };
    const take = (chunk: number, seconds: number, bucket = 'key') => budgets.take(bucket, chunk, budget, at(seconds));

    it('gives until it is empty, and again what has come in meanwhile', async () => {
      expect(await take(10, 0)).toBe(true);
      expect(await take(1, 0)).toBe(false);
      expect(await take(1, 0.5)).toBe(true);
      expect(await take(1, 0.5)).toBe(false);
      expect(await take(1, 2)).toBe(true);
    });

    it('gives a whole chunk while anything is left, and then nothing before that is paid back', async () => {
      expect(await take(9, 0)).toBe(true);
      expect(await take(5, 0)).toBe(true);
      expect(await take(1, 4)).toBe(false);
      expect(await take(1, 4.001)).toBe(true);
    });

    it('holds no more than its size however long it waits', async () => {
      await take(1, 0);
      expect(await take(10, 3600)).toBe(true);
      expect(await take(1, 3600)).toBe(false);
    });

    it('gives to twenty at once what it has and no more', async () => {
      const granted = await Promise.all(Array.from({ length: 20 }, () => take(1, 0)));
      expect(granted.filter(Boolean)).toHaveLength(10);
    });

    it('is not filled by a clock that is late', async () => {
      expect(await take(10, 100)).toBe(true);
      expect(await take(1, 50)).toBe(false);
      expect(await take(1, 100.5)).toBe(true);
      expect(await take(1, 100.9)).toBe(false);
    });

    it('is of one bucket', async () => {
      await take(10, 0);
      expect(await take(1, 0, 'another')).toBe(true);
    });

    it('is forgotten a minute after its last use, when it is full again', async () => {
      await take(1, 0, 'old');
      await take(1, 1, 'new');
      await budgets.purge(at(60.5));
      const { rows } = await database.query('select bucket from request_budgets');
      expect(rows).toEqual([{ bucket: 'new' }]);
    });
  });
}

describe('on the embedded database', () => {
  suite(async () => {
    const folder = temporaryFolder('subjects');
    await prepareEmbedded(folder);
    const database = await openDatabase(readSettings(testEnvironment(folder)));
    const close = async () => {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return { database, close };
  });
});

describeServers('on PostgreSQL', ['postgres'], () => {
  suite(async () => {
    const { url, drop } = await createDatabase(serverUrls.postgres);
    const folder = temporaryFolder('subjects');
    const database = await openDatabase(readSettings(testEnvironment(folder, { DATABASE_URL: url })));
    const close = async () => {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
      await drop();
    };
    return { database, close };
  });
});
