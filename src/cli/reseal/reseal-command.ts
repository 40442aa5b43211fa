import { parseArgs } from 'node:util';
import { KeyedDigests } from '../../core/keyed-digests.js';
import { Sealer, sealingKeyId } from '../../core/sealing.js';
import { KeyCanariesStore } from '../../journal/key-canaries.store.js';
import { print, printError } from '../command.js';
import { withKeys } from '../with-database.js';
import { RedoneDigests } from './redone-digests.js';
import { redoDigests, remaining, resealAll } from './reseal.js';
import { ResealStore } from './reseal.store.js';

/** `facecode keys reseal`. @returns the exit code: 1 while another key is still needed */
export async function reseal(args: string[]): Promise<number> {
  parseArgs({ args, options: {} });
  return withKeys(['encryption'], async (database, settings) => {
    const { encryption } = settings.keys;
    const [store, sealer, keys] = [new ResealStore(database), new Sealer(encryption), new KeyCanariesStore(database)];
    const first = sealingKeyId(encryption[0]!);
    await keys.use([first]);
    let unreadable = 0;
    await resealAll({ database, store, sealer }, (done, over) => {
      print(`${done.where}: ${done.resealed} values sealed again${over ? '' : ' so far'}`);
      if (over) unreadable += done.unreadable;
    });
    const digests = new RedoneDigests(new KeyedDigests(encryption), sealer);
    const redone = await redoDigests({ database, store, digests });
    print(`digests for searching: computed again for ${redone.sessions} sessions and ${redone.webhooks} webhooks`);
    if (redone.lost > 0) {
      printError(
        `${redone.lost} digests stay as they are, because the values that they were made from are no longer stored.`,
      );
      printError('A search by such a reference or address works only while the old key is in the list.');
    }
    const left = await remaining(store, sealer);
    for (const { where, count, fixed } of left) {
      printError(
        `${where}: ${count} values are still sealed with another key${fixed ? '; the journal cannot be changed' : ''}`,
      );
    }
    if (unreadable > 0)
      printError(`${unreadable} of them were sealed with a key that is not in FACECODE_ENCRYPTION_KEY.`);
    if (left.some(({ fixed }) => fixed)) {
      printError(
        'Events that are older than keys of subjects keep their personal data until their subjects are erased.',
      );
    }
    if (left.length > 0) {
      printError('Keep the other keys. Restart every process with the new key first in the list, then run this again.');
      return 1;
    }
    await keys.retireAllBut(first);
    print('Everything is sealed with the first key. You can remove the other keys from FACECODE_ENCRYPTION_KEY.');
    return 0;
  });
}
