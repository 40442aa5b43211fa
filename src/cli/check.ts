import { parseArgs } from 'node:util';
import { AttemptsStore } from '../attempts/attempts.store.js';
import { Consistency } from '../attempts/consistency.js';
import { Sealer } from '../core/sealing.js';
import { JournalStore } from '../journal/journal.store.js';
import { PersonalKeys } from '../journal/personal-keys.js';
import { type Command, print } from './command.js';
import { withKeys } from './with-database.js';

export const check: Command = {
  name: 'check',
  summary: 'Holds the rows of every session against its journal: exit code 1 when they differ anywhere',
  usage: '',
  async run(args) {
    parseArgs({ args, options: {} });
    return withKeys(['encryption'], async (database, settings) => {
      const journal = new JournalStore(database, new PersonalKeys(new Sealer(settings.keys.encryption)), null);
      const consistency = new Consistency(database, new AttemptsStore(database, journal), journal);
      let differing = 0;
      const checked = await consistency.check(({ sessionId, expected, found, fault }) => {
        differing += 1;
        print(`${sessionId}: ${fault ?? 'the rows are not what the events say'}`);
        if (expected) print(`  events: ${JSON.stringify(expected)}\n  rows:   ${JSON.stringify(found)}`);
      });
      print(`${checked} sessions checked, ${differing} differ.`);
      return differing === 0 ? 0 : 1;
    });
  },
};
