/**
 * Compares the configured keys with the database before they open, seal or sign anything. A process with a wrong key
 * would look ready, fail on every row of other processes, and write rows that they cannot open.
 *
 * Rotation: any configured encryption key may open the canary. If the first key did not seal the canary, the service
 * seals it again with the first key. The database also records which keys may have sealed values. A start needs all of
 * them, until `facecode keys reseal` has sealed everything with the first key.
 */
import { join } from 'node:path';
import { ConfigurationError } from '../config/configuration-error.js';
import { Sealer, sealingKeyId } from '../core/sealing.js';
import type { Database } from '../database/database.js';
import { sealedColumns } from '../database/sealed-columns.js';
import { type CanaryOf, KeyCanariesStore } from './key-canaries.store.js';
import { noteSigner, openCheckpoint, publicKeyOf } from './tree/signed-note.js';
import { TreeStore } from './tree/tree.store.js';

export interface KeysToCheck {
  readonly dataDir: string;
  readonly keys: {
    readonly inDataDir: readonly CanaryOf[];
    /** absent: the key is not used, so it is not checked */
    readonly encryption?: readonly Buffer[];
    readonly journal?: string;
  };
}

const canaryText = 'facecode';
const canaryContext = sealedColumns.canary.context();

/** Which keys the database is told of: writes missing canaries, and seals that of encryption again after a rotation. */
type Keep = 'all' | 'journal' | 'none';

/**
 * @param keep `all` for the service, `journal` for commands that append events: a database whose first events have MACs of
 *   one key must never be started with another
 * @throws ConfigurationError with one line for each key that is not the database's key
 */
export async function checkKeys(database: Database, { keys, dataDir }: KeysToCheck, keep: Keep): Promise<void> {
  const { encryption, journal, inDataDir } = keys;
  const store = new KeyCanariesStore(database);
  const faults: string[] = [];
  const refuse = (key: CanaryOf, variable: string, problem: string) => {
    const subject = inDataDir.includes(key) ? `is not set and ${join(dataDir, `${key}.key`)} ` : '';
    faults.push(`${variable}: ${subject}${problem}`);
  };
  if (encryption && !(await encryptionFits(store, new Sealer(encryption), keep === 'all'))) {
    refuse(
      'encryption',
      'FACECODE_ENCRYPTION_KEY',
      'is not the key that seals this database, expected that key (to change it, list the old and the new key)',
    );
  }
  if (encryption && faults.length === 0 && !(await keysInUseFit(store, encryption, keep === 'all'))) {
    refuse(
      'encryption',
      'FACECODE_ENCRYPTION_KEY',
      'lacks a key that values are still sealed with, expected it behind the new key until `facecode keys reseal` has finished',
    );
  }
  const keepJournal = keep !== 'none' && faults.length === 0;
  if (journal !== undefined && !(await journalFits(store, new TreeStore(database), journal, keepJournal))) {
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
  if (keep && !sealer.isCurrent(found)) await store.replace('encryption', found, seal());
  return true;
}

/** Whether every key is configured that values may be sealed with. Before the first record, all configured ones may be. */
async function keysInUseFit(store: KeyCanariesStore, keys: readonly Buffer[], keep: boolean): Promise<boolean> {
  const ids = keys.map(sealingKeyId);
  const inUse = await store.keysInUse();
  if (!inUse.every((id) => ids.some((known) => known.equals(id)))) return false;
  if (keep) await store.use(inUse.length === 0 ? ids : ids.slice(0, 1));
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
    // Checked under the name in the checkpoint: a new JOURNAL_ORIGIN is not a new key.
    const [origin = ''] = checkpoint.note.split('\n');
    if (!openCheckpoint(checkpoint.note, noteSigner(origin, privateKeyPem))) return false;
  }
  return !keep || (await store.keepFirst('journal', ours)).equals(ours);
}
