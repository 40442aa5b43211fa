/** Keys that no variable sets: made once, kept in the data dir. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { newSecret } from '../core/ids.js';
import { ConfigurationError } from './configuration-error.js';
import { readOrCreateKeyFile } from './key-file.js';
import { adminKey, encryptionKeys, journalKey } from './parse-keys.js';
import type { GeneratedKey } from './settings.js';
import type { Parser } from './variable-reader.js';

export interface GeneratedKeys {
  /** texts as the variables would hold them; only the keys that were asked for */
  readonly texts: Partial<Record<GeneratedKey, string>>;
  /** whether this call made the admin key, rather than found it */
  readonly adminGenerated: boolean;
}

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
 * Reads `<key>.key` from the data dir for each key asked for, and makes those that are missing. Processes that start
 * together end up with the same keys.
 *
 * @throws ConfigurationError when a file can be neither read nor made, or holds something else
 */
export function ensureGeneratedKeys(dataDir: string, which: readonly GeneratedKey[]): GeneratedKeys {
  const faults: string[] = [];
  const texts: Partial<Record<GeneratedKey, string>> = {};
  let adminGenerated = false;
  for (const key of which) {
    const { variable, parse, generate } = kinds[key];
    const file = join(dataDir, `${key}.key`);
    try {
      const { text, created } = readOrCreateKeyFile(file, generate);
      texts[key] = text;
      adminGenerated ||= created && key === 'admin';
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
  return { texts, adminGenerated };
}
