/** Keys that no variable sets: made once, kept in the data dir. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { newSecret } from '../core/ids.js';
import { ConfigurationError } from './configuration-error.js';
import { readOrCreateKeyFile } from './key-file.js';
import { adminKey, encryptionKeys, journalKey } from './parse-keys.js';
import type { GeneratedKey } from './settings.js';
import type { Parser } from './variable-reader.js';

const kinds = {
  admin: { variable: 'FACECODE_ADMIN_KEY', parse: adminKey, generate: () => newSecret('fc') },
  encryption: {
    variable: 'FACECODE_ENCRYPTION_KEY',
    parse: encryptionKeys,
    generate: () => randomBytes(32).toString('base64'),
  },
  journal: {
    variable: 'FACECODE_JOURNAL_KEY',
    parse: journalKey,
    generate: () => generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  },
} as const satisfies Record<GeneratedKey, { variable: string; parse: Parser<unknown>; generate: () => string }>;

/**
 * Reads `<key>.key` from the data dir for each of the keys, and makes the missing ones. Processes that start together
 * end up with the same keys.
 *
 * @returns the keys as the variables would hold them
 * @throws ConfigurationError when a file can be neither read nor made, or holds something else
 */
export function ensureGeneratedKeys<Key extends GeneratedKey>(
  dataDir: string,
  which: readonly Key[],
): Record<Key, string> {
  const faults: string[] = [];
  const texts: Partial<Record<GeneratedKey, string>> = {};
  for (const key of which) {
    const { variable, parse, generate } = kinds[key];
    const file = keyFile(dataDir, key);
    try {
      const { text } = readOrCreateKeyFile(file, generate);
      texts[key] = text;
      if ('fault' in parse(text))
        faults.push(`${variable}: is not set and ${file} is damaged, expected the key it held`);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      faults.push(
        `${variable}: is not set and ${file} can be neither read nor made (${code}), ` +
          'expected the variable, or a FACECODE_DATA_DIR that can be written',
      );
    }
  }
  if (faults.length > 0) throw new ConfigurationError(faults);
  return texts as Record<Key, string>;
}

/** The file of a key that no variable sets. */
export const keyFile = (dataDir: string, key: GeneratedKey): string => join(dataDir, `${key}.key`);
