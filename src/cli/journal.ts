import { parseArgs } from 'node:util';
import type { Acceptance } from '../journal/tree/acceptance.service.js';
import type { Survey } from '../journal/tree/survey.js';
import { type Command, print, printError, WrongUsage } from './command.js';
import { journalOf } from './journal-of.js';
import { withDatabase } from './with-database.js';

export const journal: Command = {
  name: 'journal',
  summary: 'Accepts an inconsistent journal, after you have looked at it, so that sealing resumes',
  usage: 'accept --root <root that GET /v1/journal/verify shows>',
  async run([action, ...args]) {
    if (action !== 'accept')
      throw new WrongUsage(action === undefined ? 'name the action' : `there is no action "${action}"`);
    const { values } = parseArgs({ args, options: { root: { type: 'string' } } });
    const root = readRoot(values.root);
    return withDatabase(async (database, settings) => {
      const { acceptance, outside } = journalOf(database, settings);
      await outside.load();
      const accepted = await acceptance.accept(root);
      await outside.written();
      return report(accepted);
    });
  },
};

function readRoot(text: string | undefined): Buffer {
  const root = Buffer.from(text ?? '', 'base64');
  if (root.length !== 32 || root.toString('base64') !== text) {
    throw new WrongUsage('--root takes the root that GET /v1/journal/verify shows (base64 of 32 bytes)');
  }
  return root;
}

function report({ kind, survey }: Acceptance): number {
  if (kind === 'accepted') {
    print(`accepted: the next event gets position ${survey.size + 1}`);
    describe(survey).forEach((line) => print(line));
    return 0;
  }
  if (kind === 'not-needed') {
    print('Nothing is wrong with the journal, so there is nothing to accept.');
    return 0;
  }
  const why =
    kind === 'other-root'
      ? `not accepted: the root is now ${survey.root.toString('base64')} (size ${survey.size})`
      : 'not accepted: too many events are missing or were changed; restore a backup';
  printError(why);
  describe(survey).forEach((line) => printError(line));
  return 1;
}

function describe({ faults, badPositions, badEvents }: Survey): string[] {
  return [
    ...faults.slice(0, 20).map(({ position, detail }) => `position ${position}: ${detail}`),
    ...(badPositions.length === 0 ? [] : [`set aside, positions: ${badPositions.toString()}`]),
    ...(badEvents.length === 0 ? [] : [`set aside, events that are never sealed: ${badEvents.join(', ')}`]),
  ];
}
