/**
 * Holds the configured keys against the database before anything is opened, sealed or signed with them. A process with
 * another key would look ready, fail at every row of the others, and write rows that they cannot open.
 *
 * Rotation: any configured encryption key may open the canary. A service whose first key did not seal it seals it anew,
 * so that the former key can be left out later.
 */
import { join } from 'node:path';
import { ConfigurationError } from '../config/configuration-error.js';
import { Sealer } from '../core/sealing.js';
import type { Database } from '../database/database.js';
import { type CanaryOf, KeyCanariesStore } from './key-canaries.store.js';
import { noteSigner, openCheckpoint, publicKeyOf } from './tree/signed-note.js';
import { TreeStore } from './tree/tree.store.js';

export interface KeysToCheck {
  readonly dataDir: string;
  readonly keys: {
    readonly inDataDir: readonly CanaryOf[];
    /** absent: not used, so not checked */
    readonly encryption?: readonly Buffer[];
    readonly journal?: string;
  };
}

const canaryText = 'facecode';
const canaryContext = 'key-canary';

/**
 * @param keep whether a canary is written where there is none, and sealed anew after a rotation: for the service;
 *   a command only compares
 * @throws ConfigurationError with one line for each key that is not that of the database
 */
export async function checkKeys(database: Database, { keys, dataDir }: KeysToCheck, keep: boolean): Promise<void> {
  const { encryption, journal, inDataDir } = keys;
  const store = new KeyCanariesStore(database);
  const faults: string[] = [];
  const refuse = (key: CanaryOf, variable: string, problem: string) => {
    const subject = inDataDir.includes(key) ? `is not set and ${join(dataDir, `${key}.key`)} ` : '';
    faults.push(`${variable}: ${subject}${problem}`);
  };
  if (encryption && !(await encryptionFits(store, new Sealer(encryption), keep))) {
    refuse(
      'encryption',
      'FACECODE_ENCRYPTION_KEY',
      'is not the key that this database is sealed with, expected that key (to change it, list the new and the old one)',
    );
  }
  if (journal !== undefined && !(await journalFits(store, new TreeStore(database), journal, keep))) {
    refuse(
      'journal',
      'FACECODE_JOURNAL_KEY',
      'is not the key that signs the journal of this database, expected that key',
    );
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
}

async function encryptionFits(store: KeyCanariesStore, sealer: Sealer, keep: boolean): Promise<boolean> {
  const seal = () => sealer.seal(canaryText, canaryContext);
  const found = await store.find('encryption');
  if (found === null) {
    const older = await store.newestSealed();
    if (!older.every((sealed) => sealer.knowsKeyOf(sealed))) return false;
    return !keep || opens(sealer, await store.keepFirst('encryption', seal()));
  }
  if (!opens(sealer, found)) return false;
  if (keep && !sealer.sealsWithKeyOf(found)) await store.replace('encryption', found, seal());
  return true;
}

function opens(sealer: Sealer, canary: Buffer): boolean {
  if (!sealer.knowsKeyOf(canary)) return false;
  try {
    return sealer.open(canary, canaryContext).toString() === canaryText;
  } catch {
    return false;
  }
}

async function journalFits(
  store: KeyCanariesStore,
  tree: TreeStore,
  privateKeyPem: string,
  keep: boolean,
): Promise<boolean> {
  const ours = publicKeyOf(privateKeyPem);
  const found = await store.find('journal');
  if (found !== null) return found.equals(ours);
  const checkpoint = await tree.latest();
  if (checkpoint) {
    // Under the name that it was signed with: a new JOURNAL_ORIGIN is no new key.
    const [origin = ''] = checkpoint.note.split('\n');
    if (!openCheckpoint(checkpoint.note, noteSigner(origin, privateKeyPem))) return false;
  }
  return !keep || (await store.keepFirst('journal', ours)).equals(ours);
}
