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
    print(`digests for searching: those of ${redone.sessions} sessions and ${redone.webhooks} webhooks made again`);
    if (redone.lost > 0) {
      printError(`${redone.lost} digests stay as they are, because what they were made of is not stored any more.`);
      printError('What is found by them (a reference, an address) is found only while their key is in the list.');
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
      printError('Personal data of events that are older than subject keys goes only when its subjects are erased.');
    }
    if (left.length > 0) {
      printError('Keep the other keys. Restart every process with the new key first, then run this again.');
      return 1;
    }
    await keys.retireAllBut(first);
    print('Everything is sealed with the first key. The other keys can be removed from FACECODE_ENCRYPTION_KEY.');
    return 0;
  });
}
