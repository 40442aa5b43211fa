import { ensureGeneratedKeys } from './generated-keys.js';
import { adminKey, encryptionKeys, journalKey } from './parse-keys.js';
import type { GeneratedKey, Settings } from './settings.js';
import type { Parsed, VariableReader } from './variable-reader.js';

export type KeyName = Exclude<keyof Settings['keys'], 'inDataDir'>;
export type ReadKeys<Key extends KeyName> = Pick<Settings['keys'], Key | 'inDataDir'>;

/**
 * Reads the keys that variables set. The function that it returns reads or makes the files of the other keys; call it
 * only if no setting is wrong.
 *
 * @param which the keys to read
 * @param withServer replicas share a database server, so a key in the data dir of one replica is not enough
 */
export function readKeys<Key extends KeyName>(
  read: VariableReader,
  which: readonly Key[],
  dataDir: string,
  withServer: boolean,
): () => ReadKeys<Key> {
  const needs = (key: KeyName): boolean => which.some((wanted) => wanted === key);
  const admin = needs('admin') ? read.optional('FACECODE_ADMIN_KEY', adminKey, null) : null;
  const encryption = needs('encryption') ? read.optional('FACECODE_ENCRYPTION_KEY', encryptionKeys, null) : null;
  const journal = needs('journal') ? read.optional('FACECODE_JOURNAL_KEY', journalKey, null) : null;
  if (withServer && needs('encryption')) {
    requireSet(read, 'FACECODE_ENCRYPTION_KEY', 'the base64 of 32 bytes (openssl rand -base64 32)');
  }
  if (withServer && needs('journal')) {
    requireSet(read, 'FACECODE_JOURNAL_KEY', 'an Ed25519 private key (openssl genpkey -algorithm ed25519)');
  }
  return () => {
    const missing = { encryption: encryption === null, journal: journal === null };
    const inDataDir = (['encryption', 'journal'] as const).filter((key) => needs(key) && missing[key]);
    const texts: Partial<Record<GeneratedKey, string>> = ensureGeneratedKeys(dataDir, inDataDir);
    return {
      ...(needs('admin') ? { admin } : {}),
      ...(needs('encryption') ? { encryption: encryption ?? checked(encryptionKeys(texts.encryption ?? '')) } : {}),
      ...(needs('journal') ? { journal: journal ?? checked(journalKey(texts.journal ?? '')) } : {}),
      inDataDir,
    } as ReadKeys<Key>;
  };
}

function requireSet(read: VariableReader, name: string, expected: string): void {
  if (!read.isSet(name)) read.faultMissing(name, expected, 'with DATABASE_URL ');
}

/** `ensureGeneratedKeys` returns only what these parsers accept. */
function checked<T>(parsed: Parsed<T>): T {
  if ('fault' in parsed) throw new Error(`a generated key ${parsed.fault}`);
  return parsed.value;
}
