import { parseArgs } from 'node:util';
import { journalKey } from '../journal/tree/journal-key.js';
import type { PastErasure, Replayed } from '../privacy/erasure-replay.js';
import { type Command, print, printError, WrongUsage } from './command.js';
import { erasureReplayOf } from './erasure-replay-of.js';
import { pastErasuresIn } from './past-erasures.js';
import { whyUnreadable } from './verify-one-file.js';
import { withDatabase } from './with-database.js';

export const erase: Command = {
  name: 'erase',
  summary: 'Erases again, after a backup was restored, the subjects that exports and erasure certificates name',
  usage: '--replay <NDJSON export or erasure certificate> [--replay …]',
  async run(args) {
    const { values } = parseArgs({ args, options: { replay: { type: 'string', multiple: true } } });
    const files = values.replay ?? [];
    if (files.length === 0) throw new WrongUsage('--replay takes a file');
    return withDatabase(async (database, settings) => {
      const { key } = journalKey(settings);
      const erasures: PastErasure[] = [];
      let byRetention = 0;
      // Everything is verified before anything is erased.
      for (const file of files) {
        const found = await pastErasuresIn(file, { key, name: null }).catch(unreadable);
        if (typeof found === 'string') {
          printError(`facecode erase: ${file}: ${found}`);
          return 3;
        }
        if ('reason' in found) {
          printError(`${file}: ${found.invalid ? 'NOT VALID' : 'this file proves no erasure'}: ${found.reason}`);
          return found.invalid ? 1 : 2;
        }
        erasures.push(...found.asked);
        byRetention += found.byRetention;
      }
      const replay = erasureReplayOf(database, settings);
      const counts: Record<Replayed, number> = {
        erased: 0,
        known: 0,
        'not-found': 0,
        'legal-hold': 0,
        'newer-session': 0,
      };
      // The last erasure of each subject covers the earlier ones.
      const last = new Map(
        erasures.sort((a, b) => a.erasedAt.getTime() - b.erasedAt.getTime()).map((one) => [one.scanRef, one]),
      );
      for (const erasure of last.values()) {
        const replayed = await replay.apply(erasure);
        counts[replayed] += 1;
        const refusal = refusals[replayed];
        if (refusal) printError(`${erasure.scanRef}: not erased: ${refusal}`);
      }
      print(
        `${counts.erased} subjects were erased again; ${counts.known + counts['not-found']} had nothing left to erase.`,
      );
      if (byRetention > 0) {
        print(
          `${byRetention} erasures were by age: the service repeats them by itself (PERSONAL_DATA_RETENTION_DAYS).`,
        );
      }
      return counts['legal-hold'] + counts['newer-session'] === 0 ? 0 : 1;
    });
  },
};

const refusals: Partial<Record<Replayed, string>> = {
  'legal-hold': 'a legal hold was placed after the erasure',
  'newer-session':
    'it has sessions that are newer than the erasure; if their data may be erased too, erase it with the API',
};

function unreadable(error: unknown): string {
  const reason = whyUnreadable(error);
  if (reason === null) throw error;
  return reason;
}
