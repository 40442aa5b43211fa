import { ensureGeneratedKeys } from './generated-keys.js';
import { adminKey, encryptionKeys, journalKey } from './parse-keys.js';
import type { GeneratedKey, Settings } from './settings.js';
import type { Parsed, VariableReader } from './variable-reader.js';

/**
 * Reads what the variables hold and leaves the rest to the function it returns, which reads or makes files: that is
 * for when no setting is at fault.
 *
 * @param withServer a database server is shared by replicas, so keys in the data dir of one of them will not do
 */
export function readKeys(read: VariableReader, dataDir: string, withServer: boolean): () => Settings['keys'] {
  const admin = read.optional('FACECODE_ADMIN_KEY', adminKey, null);
  const encryption = read.optional('FACECODE_ENCRYPTION_KEY', encryptionKeys, null);
  const journal = read.optional('FACECODE_JOURNAL_KEY', journalKey, null);
  if (withServer) {
    requireSet(read, 'FACECODE_ENCRYPTION_KEY', 'the base64 of 32 bytes (openssl rand -base64 32)');
    requireSet(read, 'FACECODE_JOURNAL_KEY', 'an Ed25519 private key (openssl genpkey -algorithm ed25519)');
  }
  return () => {
    const given = { admin, encryption, journal };
    const inDataDir = (['admin', 'encryption', 'journal'] as const).filter((key: GeneratedKey) => given[key] === null);
    const { texts, adminGenerated } = ensureGeneratedKeys(dataDir, inDataDir);
    return {
      admin: admin ?? checked(adminKey(texts.admin ?? '')),
      adminFromEnvironment: admin !== null,
      adminGenerated,
      inDataDir,
      encryption: encryption ?? checked(encryptionKeys(texts.encryption ?? '')),
      journal: journal ?? checked(journalKey(texts.journal ?? '')),
    };
  };
}

function requireSet(read: VariableReader, name: string, expected: string): void {
  if (!read.isSet(name)) read.fault(name, `is not set, with DATABASE_URL expected ${expected}`);
}

/** `ensureGeneratedKeys` gives only what these parsers accept. */
function checked<T>(parsed: Parsed<T>): T {
  if ('fault' in parsed) throw new Error(`a generated key ${parsed.fault}`);
  return parsed.value;
}
