import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { auditRead } from '../audit/audit-read.js';
import { readFilter } from '../audit/read-filter.js';
import { SystemClock } from '../core/clock.js';
import { isOnePlatform, platformRule } from '../core/platform.js';
import type { Database } from '../database/database.js';
import type { ExportPlan } from '../journal/export/export.service.js';
import { type Bound, isBackwards, parseBound } from '../journal/export/export-range.js';
import { exportFormats } from '../journal/export/export-text.js';
import type { JournalStore } from '../journal/journal.store.js';
import { type Command, printError, WrongUsage } from './command.js';
import { journalOf } from './journal-of.js';
import { withDatabase } from './with-database.js';

export const exportCommand: Command = {
  name: 'export',
  summary: 'Writes the sealed events of the journal with their proof, for facecode verify',
  usage: `[--format ${exportFormats.join('|')}] [--from <position|time>] [--to <position|time>] [--platform <name>] [--out <file>]`,
  async run(args) {
    const text = { type: 'string' } as const;
    const options = { format: text, from: text, to: text, platform: text, out: text };
    const { values } = parseArgs({ args, options });
    const format = exportFormats.find((known) => known === (values.format ?? 'ndjson'));
    if (!format) throw new WrongUsage(`--format takes ${exportFormats.join(' or ')}`);
    const bounds = { from: readBound('--from', values.from), to: readBound('--to', values.to) };
    if (isBackwards(bounds)) throw new WrongUsage('--to lies before --from');
    const { platform = null } = values;
    if (platform !== null && !isOnePlatform(platform)) throw new WrongUsage(`--platform ${platformRule}`);
    return withDatabase(async (database, settings) => {
      const { export: journal, store } = journalOf(database, settings);
      const plan = await journal.plan(bounds, platform);
      await recordExport(database, store, plan, {
        format,
        from: values.from,
        to: values.to,
        platform: values.platform,
      });
      await write(Readable.from(journal.text(plan, format), { objectMode: false }), values.out);
      printError(`${plan.events} events, of ${plan.checkpoint.size} in the journal.`);
      return 0;
    });
  },
};

/** Somebody who can run this command can also read the database directly. So only regular exports are sure to be recorded. */
async function recordExport(
  database: Database,
  journal: JournalStore,
  { from, to, events: rows }: ExportPlan,
  asked: Record<string, string | undefined>,
): Promise<void> {
  const now = new SystemClock().now();
  const range = rows === 0 ? {} : { firstPosition: from, lastPosition: to };
  const read = {
    route: 'journal.export',
    filter: readFilter(asked),
    reads: 1,
    rows,
    ...range,
    firstAt: now,
    lastAt: now,
  };
  const actor = { kind: 'system', id: 'facecode export' } as const;
  await database.transaction((tx) => journal.appendLoose(tx, [auditRead(read)], now, actor, null));
}

function readBound(option: string, text: string | undefined): Bound | null {
  const bound = text === undefined ? null : parseBound(text);
  if (text !== undefined && !bound) throw new WrongUsage(`${option} takes a position or a time of ISO 8601`);
  return bound;
}

/** Under its own name only once it is whole. */
async function write(text: Readable, file: string | undefined): Promise<void> {
  if (file === undefined) return pipeline(text, toStandardOutput());
  const unfinished = `${file}.unfinished`;
  try {
    await pipeline(text, createWriteStream(unfinished, { mode: 0o600 }));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Not standard output itself: a pipeline would end that. */
function toStandardOutput(): Writable {
  return new Writable({ write: (chunk: Buffer, _encoding, done) => void process.stdout.write(chunk, () => done()) });
}
