/**
 * Sealing, proving and verifying at two sizes of the journal, on a PostgreSQL of its own (durable as by default), so that
 * what grows with the size can be seen.
 *
 *   node test/bench/journal.bench.mjs --events 1000000
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadTypeScript } from '../support/typescript-loader.mjs';

loadTypeScript();
await import('reflect-metadata');
const { startPostgres, createDatabase } = await import('../support/postgres.ts');
const { testEnvironment } = await import('../support/test-environment.ts');
const { temporaryFolder } = await import('../support/temporary-folder.ts');
const { readSettings } = await import('../../src/config/read-settings.ts');
const { openDatabase } = await import('../../src/database/open.ts');
const { EventMac } = await import('../../src/journal/event-mac.ts');
const { journalKey } = await import('../../src/journal/tree/journal-key.ts');
const { SealingStore } = await import('../../src/journal/tree/sealing.store.ts');
const { journalOf } = await import('../../src/cli/journal-of.ts');

const { values } = parseArgs({ options: { events: { type: 'string', default: '1000000' } } });
const most = Number(values.events);
const sizes = [...new Set([Math.min(100_000, most), most])];
const proofsMeasured = 2000;

const folder = temporaryFolder('bench');
const postgres = await startPostgres();
try {
  const { url } = await createDatabase(postgres.url);
  const settings = readSettings(testEnvironment(folder, { DATABASE_URL: url }));
  const database = await openDatabase(settings);
  try {
    const columns = [];
    for (const size of sizes) columns.push(await measure(database, settings, journalOf(database, settings), size));
    print(columns);
  } finally {
    await database.close();
  }
} finally {
  await postgres.remove();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(database, settings, journal, size) {
  const before = (await journal.proofs.latest()).size;
  await insert(database, before, size);
  await giveMacs(database, settings);
  const sealing = await seconds(() => journal.sealing.sealAll());
  const proofs = [];
  for (let nth = 0; nth < proofsMeasured; nth += 1) {
    const position = 1 + (randomBytes(6).readUIntBE(0, 6) % size);
    proofs.push((await seconds(() => journal.proofs.inclusion([position], size))) * 1000);
  }
  proofs.sort((a, b) => a - b);
  let verified;
  const verifying = await seconds(async () => (verified = await journal.verification.verify()));
  if (!verified.valid || verified.size !== size) throw new Error(`not valid: ${JSON.stringify(verified)}`);
  const exporting = await seconds(async () => {
    const plan = await journal.export.plan({ from: null, to: null });
    for await (const page of journal.export.text(plan, 'ndjson')) if (page === '') throw new Error('an empty page');
  });
  return {
    events: size,
    'sealed events/s': Math.round((size - before) / sealing),
    'proof p50 ms': proofs[Math.floor(proofs.length * 0.5)].toFixed(2),
    'proof p99 ms': proofs[Math.floor(proofs.length * 0.99)].toFixed(2),
    'verified events/s': Math.round(size / verifying),
    'exported events/s': Math.round(size / exporting),
    'memory MB': Math.round(process.memoryUsage().rss / 2 ** 20),
  };
}

/** Events like those of attempts, of no session. In parts, because a statement may not take longer than the service lets it. */
async function insert(database, from, to) {
  for (let at = from; at < to; at += 50_000) {
    await database.query(
      `insert into events (id, session_id, attempt_id, seq, type, at, actor, data, personal_digest)
       select 'evt_' || md5(n::text), null, null, null, 'risk.flagged', now(), '{"kind": "system", "id": "bench"}',
              jsonb_build_object('signal', 'velocity', 'number', n, 'scanRef', md5((n / 4)::text)), md5(n::text) || md5(n::text)
         from generate_series($1::bigint + 1, $2::bigint) as n`,
      [at, Math.min(to, at + 50_000)],
    );
  }
  await database.query('analyze events');
}

/** As the service does when it appends an event. */
async function giveMacs(database, settings) {
  const [store, macs] = [new SealingStore(database), new EventMac(journalKey(settings).privateKey)];
  for (let left = true; left;) {
    left = await database.transaction(async (tx) => {
      const events = await store.withoutMac(tx, Number.MAX_SAFE_INTEGER, 10_000);
      await store.giveMacs(
        tx,
        events.map((event) => ({ id: event.id, mac: macs.of(event) })),
      );
      return events.length > 0;
    });
  }
}

async function seconds(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function print(columns) {
  for (const name of Object.keys(columns[0])) {
    console.log(name.padEnd(20) + columns.map((column) => String(column[name]).padStart(12)).join(''));
  }
}
