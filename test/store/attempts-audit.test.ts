/** Search and summary over random histories, on the embedded database and on PostgreSQL, against a count by hand. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AttemptsAudit } from '../../src/audit/attempts-audit.service.js';
import { AttemptsSearchStore } from '../../src/audit/attempts-search.store.js';
import { SearchAttemptsDto, SummaryDto } from '../../src/audit/attempts.dto.js';
import type { FoundAttemptPageResponse, SummaryResponse } from '../../src/audit/attempts.responses.js';
import { SessionOutcomesStore } from '../../src/audit/session-outcomes.store.js';
import { SummaryStore } from '../../src/audit/summary.store.js';
import { AddressDigests } from '../../src/attempts/address-digests.js';
import { KeyedDigests } from '../../src/core/keyed-digests.js';
import { attemptStates, isFinalAttempt, sessionStatuses } from '../../src/attempts/states.js';
import { readSettings } from '../../src/config/read-settings.js';
import { newId } from '../../src/core/ids.js';
import { Reach } from '../../src/core/reach.js';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open.js';
import { finalStatuses } from '../../src/idenfy/contract.js';
import { prepareEmbedded } from '../support/embedded-template.js';
import { createDatabase } from '../support/postgres.js';
import { describeServers } from '../support/servers.js';
import { serverUrls } from '../support/server-urls.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

const began = Date.UTC(2026, 2, 1, 22);
const now = new Date(Date.UTC(2026, 2, 4));
const [oldKey, newKey] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64'));

/** Few values of each, and times that coincide, so that filters find several and pages end between equals. */
const attempt = fc
  .record({
    minutes: fc.integer({ min: 0, max: 72 }).map((n) => n * 40),
    state: fc.constantFrom(...attemptStates),
    outcome: fc.constantFrom(...finalStatuses),
    failReason: fc.constantFrom(null, 'FACE_MISMATCH', 'FAKE_FACE', '__proto__'),
    signals: fc.subarray(['late-result', 'conflict', 'never-revealed']),
    scanRef: fc.constantFrom('scan-a', 'scan-b'),
    ip: fc.constantFrom(null, '203.0.113.7', '2001:db8::1'),
    revealedSeconds: fc.option(fc.integer({ min: 0, max: 60 }), { nil: null }),
    endedMs: fc.integer({ min: 60_000, max: 400_000 }),
    /** a pass: granted at once, or held, with or without a reviewer's decision */
    hold: fc.constantFrom(null, 'waiting', 'pass', 'fail', 'canceled'),
  })
  .map(({ minutes, state, outcome, failReason, revealedSeconds, endedMs, hold, ...rest }) => {
    const createdAt = new Date(began + minutes * 60_000);
    const after = (milliseconds: number) => new Date(createdAt.getTime() + milliseconds);
    return {
      ...rest,
      id: newId('att'),
      sessionId: newId('ses'),
      state,
      ...sessionOf(state === 'passed' ? (hold ?? 'granted') : 'none'),
      createdAt,
      revealedAt: revealedSeconds === null ? null : after(revealedSeconds * 1000),
      endedAt: isFinalAttempt(state) ? after(endedMs) : null,
      outcome:
        state === 'passed' || state === 'retry' ? { status: outcome, failReason, source: 'webhook', at: '' } : null,
    };
  });
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

const statuses = {
  none: 'active',
  granted: 'passed',
  waiting: 'in-review',
  pass: 'passed',
  fail: 'failed',
  canceled: 'canceled',
} as const;

/** The session of an attempt, and what a reviewer decided. */
function sessionOf(fate: keyof typeof statuses) {
  return {
    sessionStatus: statuses[fate],
    isHeld: fate !== 'none' && fate !== 'granted',
    decision: fate === 'pass' || fate === 'fail' ? fate : null,
  };
}

/** Always anew, also for the second look at a counterexample: rows of earlier runs are gone by then. */
const history = fc.array(attempt, { maxLength: 40, size: 'max' });

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
const instant = fc.integer({ min: -1, max: 52 }).map((hours) => new Date(began + hours * 3_600_000).toISOString());

const filter = fc.record({
  state: maybe(fc.constantFrom(...attemptStates)),
  outcome: maybe(fc.constantFrom(...finalStatuses)),
  failReason: maybe(fc.constantFrom('FACE_MISMATCH', 'FAKE_FACE', 'EYES_CLOSED')),
  signal: maybe(fc.constantFrom('late-result', 'conflict', 'velocity')),
  scanRef: maybe(fc.constantFrom('scan-a', 'scan-c')),
  ip: maybe(fc.constantFrom('203.0.113.7', '2001:DB8:0::0:1', '::ffff:203.0.113.7', '198.51.100.1')),
  from: maybe(instant),
  to: maybe(instant),
  limit: fc.integer({ min: 1, max: 7 }),
});
type Filter = typeof filter extends fc.Arbitrary<infer T> ? T : never;

const written: Record<string, string> = { '2001:DB8:0::0:1': '2001:db8::1', '::ffff:203.0.113.7': '203.0.113.7' };

function fits(row: Attempt, asked: Filter): boolean {
  const { ip = null } = asked;
  return (
    (asked.state === undefined || row.state === asked.state) &&
    (asked.outcome === undefined || row.outcome?.status === asked.outcome) &&
    (asked.failReason === undefined || row.outcome?.failReason === asked.failReason) &&
    (asked.signal === undefined || (row.signals as string[]).includes(asked.signal)) &&
    (asked.scanRef === undefined || row.scanRef === asked.scanRef) &&
    (ip === null || row.ip === (written[ip] ?? ip)) &&
    (asked.from === undefined || row.createdAt >= new Date(asked.from)) &&
    (asked.to === undefined || row.createdAt < new Date(asked.to))
  );
}

const newestFirst = (a: Attempt, b: Attempt) =>
  b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

type Found = FoundAttemptPageResponse['data'][number];

/** As percentile_cont is defined: between the two values nearest to it, in proportion. */
function percentile(values: readonly number[], fraction: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const at = fraction * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
}

function countedByHand(found: readonly Found[]) {
  const times = (names: (string | null | undefined)[], all: readonly string[] = []) => {
    const counts = new Map(all.map((name) => [name, 0]));
    for (const name of names) if (name != null) counts.set(name, (counts.get(name) ?? 0) + 1);
    return Object.fromEntries(counts);
  };
  const byState = times(
    found.map(({ state }) => state),
    attemptStates,
  );
  const seconds = found.flatMap(({ outcome, revealedAt, endedAt }) =>
    outcome && revealedAt && endedAt ? [(Date.parse(endedAt) - Date.parse(revealedAt)) / 1000] : [],
  );
  const finished = found.filter(
    ({ state, sessionStatus }) => state === 'retry' || (state === 'passed' && sessionStatus !== 'in-review'),
  );
  const granted = finished.filter(({ state, sessionStatus }) => state === 'passed' && sessionStatus === 'passed');
  const [median, p95] = [percentile(seconds, 0.5), percentile(seconds, 0.95)];
  return {
    attempts: found.length,
    byState,
    byOutcome: times(
      found.map(({ outcome }) => outcome?.status),
      finalStatuses,
    ),
    byFailReason: times(found.map(({ outcome }) => outcome?.failReason)),
    // Here each attempt has its own session, created at the same time.
    sessions: found.length,
    bySessionStatus: times(
      found.map(({ sessionStatus }) => sessionStatus),
      sessionStatuses,
    ),
    conversionRate: finished.length === 0 ? null : granted.length / finished.length,
    medianSeconds: median === null ? null : expect.closeTo(median, 2),
    p95Seconds: p95 === null ? null : expect.closeTo(p95, 2),
  };
}

function suite(open: () => Promise<{ database: Database; close: () => Promise<void> }>) {
  let database: Database;
  let close: () => Promise<void>;
  let audit: AttemptsAudit;
  const digestsOf = (keys: string) =>
    new AddressDigests(
      new KeyedDigests(readSettings(testEnvironment('unused', { FACECODE_ENCRYPTION_KEY: keys })).keys.encryption),
    );

  beforeAll(async () => {
    ({ database, close } = await open());
    const digests = digestsOf(`${newKey},${oldKey}`);
    audit = new AttemptsAudit(
      new AttemptsSearchStore(database),
      new SessionOutcomesStore(database),
      new SummaryStore(database),
      digests,
      { now: () => now },
    );
  });
  afterAll(() => close());
  const empty = async () => {
    await database.query('alter table events disable trigger user');
    await database.query('truncate sessions cascade');
    await database.query('alter table events enable trigger user');
  };
  beforeEach(empty);

  /** Addresses as written before the keys were rotated, and after, in turn. */
  const insert = async (rows: readonly Attempt[]) => {
    const writers = [digestsOf(oldKey!), digestsOf(`${newKey},${oldKey}`)];
    await database.query(
      `insert into sessions (id, status, scan_ref, channels, code_lifetime_seconds, max_attempts, retry_on,
                             personal_sealed, client_token_digest, created_by, seq, created_at, updated_at, expires_at,
                             held_at)
       select id, status, scan_ref, '{code}', 1800, 3, '{}', '', sha256(id::bytea), 'key', 0, at, at, at,
              case when held then at end
         from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::boolean[])
              as given (id, scan_ref, at, status, held)`,
      [
        rows.map((row) => row.sessionId),
        rows.map((row) => row.scanRef),
        rows.map((row) => row.createdAt),
        rows.map((row) => row.sessionStatus),
        rows.map((row) => row.isHeld),
      ],
    );
    const column = <T>(of: (row: Attempt, nth: number) => T): T[] => rows.map(of);
    await database.query(
      `insert into events (id, session_id, seq, type, at, actor, data)
       select 'evt' || session_id, session_id, 1, 'review.decided', at, '{"kind":"api-key","id":"key_reviewer"}',
              jsonb_build_object('number', 1, 'decision', decision)
         from unnest($1::text[], $2::timestamptz[], $3::text[]) as given (session_id, at, decision)
        where decision is not null`,
      [column(({ sessionId }) => sessionId), column(({ createdAt }) => createdAt), column(({ decision }) => decision)],
    );
    await database.query(
      `insert into attempts (id, session_id, scan_ref, number, state, created_at, revealed_at, ended_at, outcome,
                             signals, ip_digests)
       select id, session_id, scan_ref, 1, state, created_at, revealed_at, ended_at, outcome,
              string_to_array(signals, ','), array_remove(array[digest], null)
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                     $7::timestamptz[], $8::jsonb[], $9::text[], $10::bytea[])
              as given (id, session_id, scan_ref, state, created_at, revealed_at, ended_at, outcome, signals, digest)`,
      [
        column(({ id }) => id),
        column(({ sessionId }) => sessionId),
        column(({ scanRef }) => scanRef),
        column(({ state }) => state),
        column(({ createdAt }) => createdAt),
        column(({ revealedAt }) => revealedAt),
        column(({ endedAt }) => endedAt),
        column(({ outcome }) => outcome && JSON.stringify(outcome)),
        column(({ signals }) => signals.join(',')),
        column(({ ip }, nth) => (ip === null ? null : writers[nth % 2]!.of(ip))),
      ],
    );
  };

  const searchAll = async (
    query: Partial<SearchAttemptsDto>,
    between: () => Promise<void> = () => Promise.resolve(),
  ) => {
    const found: Found[] = [];
    let cursor: string | undefined;
    do {
      const page = await audit.search(
        Object.assign(new SearchAttemptsDto(), query, cursor ? { cursor } : {}),
        Reach.all,
      );
      expect(page.data.length).toBeLessThanOrEqual(query.limit ?? 50);
      found.push(...page.data);
      cursor = page.nextCursor ?? undefined;
      await between();
    } while (cursor !== undefined);
    return found;
  };

  it('finds by every filter and all of them together, page by page, each attempt once', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.array(filter, { minLength: 1, maxLength: 6 }), async (rows, filters) => {
        await empty();
        await insert(rows);
        for (const asked of filters) {
          const expected = rows.filter((row) => fits(row, asked)).sort(newestFirst);
          const found = await searchAll(asked);
          expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
          expect(found.map(({ sessionStatus }) => sessionStatus)).toEqual(
            expected.map(({ sessionStatus }) => sessionStatus),
          );
          expect(found.map(({ review }) => review)).toEqual(
            expected.map(({ decision, createdAt }) =>
              decision === null
                ? null
                : { decision, decidedAt: createdAt.toISOString(), decidedBy: 'key_reviewer', approvedBy: [] },
            ),
          );
        }
      }),
      { numRuns: 25 },
    );
  });

  it('is not disturbed by attempts that come between two pages', async () => {
    const rows = fc.sample(attempt, 9);
    await insert(rows);
    const newer = () => insert([{ ...fc.sample(attempt, 1)[0]!, createdAt: now, endedAt: null, state: 'issued' }]);
    const found = await searchAll({ limit: 2 }, newer);
    expect(found.map(({ id }) => id)).toEqual(rows.sort(newestFirst).map(({ id }) => id));
  });

  it('sums up what a count by hand over the same attempts gives, in all and for each hour or day', async () => {
    const asked = fc.record({ from: maybe(instant), to: maybe(instant), bucket: fc.constantFrom('hour', 'day') });
    await fc.assert(
      fc.asyncProperty(history, asked, async (rows, query) => {
        await empty();
        await insert(rows);
        const summary = await audit.summary(Object.assign(new SummaryDto(), query), Reach.all);
        if (typeof summary === 'string')
          return expect([summary, query.from! >= (query.to ?? '9')]).toEqual(['empty', true]);
        const { from, to, totals, buckets }: SummaryResponse = summary;
        const found = await searchAll({ from, to });
        expect(totals).toEqual(countedByHand(found));
        const unit = query.bucket === 'hour' ? 'YYYY-MM-DDTHH'.length : 'YYYY-MM-DD'.length;
        for (const { start, ...counted } of buckets) {
          const within = found.filter(({ createdAt }) => createdAt.slice(0, unit) === start.slice(0, unit));
          expect(counted).toEqual(countedByHand(within));
        }
        expect(buckets.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(found.length);
        expect(buckets.map(({ start }) => start)).toEqual([...new Set(buckets.map(({ start }) => start))].sort());
      }),
      { numRuns: 25 },
    );
  });

  it('sums up the last day by the hour, and the last 30 days by the day, when nothing is said', async () => {
    const hours = (await audit.summary(
      Object.assign(new SummaryDto(), { bucket: 'hour' }),
      Reach.all,
    )) as SummaryResponse;
    expect([hours.from, hours.to, hours.buckets.length]).toEqual(['2026-03-03T00:00:00.000Z', now.toISOString(), 24]);
    const days = (await audit.summary(new SummaryDto(), Reach.all)) as SummaryResponse;
    expect([days.from, days.bucket, days.buckets.length]).toEqual(['2026-02-02T00:00:00.000Z', 'day', 30]);
    expect(days.totals).toMatchObject({ attempts: 0, conversionRate: null, medianSeconds: null, byFailReason: {} });
  });
}

describe('attempts for auditors, on the embedded database', () => {
  suite(async () => {
    const folder = temporaryFolder('attempts-audit');
    await prepareEmbedded(folder);
    const database = await openDatabase(readSettings(testEnvironment(folder)));
    const close = async () => {
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    };
    return { database, close };
  });
});

describeServers('attempts for auditors, on PostgreSQL', ['postgres'], () => {
  suite(async () => {
    const { url, drop } = await createDatabase(serverUrls.postgres);
    const database = await openDatabase(readSettings(testEnvironment('unused', { DATABASE_URL: url })));
    return { database, close: () => database.close().then(drop) };
  });
});
