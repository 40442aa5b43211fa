import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/config/configuration-error.js';
import { readEnvironment } from '../../src/config/environment.js';
import { ensureGeneratedKeys } from '../../src/config/generated-keys.js';
import { readOrCreateKeyFile } from '../../src/config/key-file.js';

let root: string;
let dataDir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'facecode-keys-'));
  dataDir = join(root, 'deep', 'data');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const all = ['admin', 'encryption', 'journal'] as const;
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe('generated keys', () => {
  it('are files that only their owner can read, and nothing else is left behind', () => {
    ensureGeneratedKeys(dataDir, all);
    expect(readdirSync(dataDir).sort()).toEqual(['admin.key', 'encryption.key', 'journal.key']);
    expect(modeOf(dataDir)).toBe(0o700);
    for (const key of all) expect(modeOf(join(dataDir, `${key}.key`))).toBe(0o600);
  });

  it('are only those asked for', () => {
    expect(Object.keys(ensureGeneratedKeys(dataDir, ['journal']))).toEqual(['journal']);
    expect(readdirSync(dataDir)).toEqual(['journal.key']);
  });

  it('are the same at the next call, even if other keys were missing', () => {
    const first = ensureGeneratedKeys(dataDir, ['admin']);
    const second = ensureGeneratedKeys(dataDir, all);
    expect(second.admin).toBe(first.admin);
    expect(ensureGeneratedKeys(dataDir, all)).toEqual(second);
  });

  it.each(['/proc/x', '/proc/x/deeper', '/dev/null/x'])(
    'in %s, where no folder can be made, are a configuration fault, not an endless loop',
    (impossible) => {
      expect(() => ensureGeneratedKeys(impossible, ['journal'])).toThrow(/^FACECODE_JOURNAL_KEY: .*FACECODE_DATA_DIR/);
    },
  );

  it('are those of the process that was quicker, when one comes between our look and our write', () => {
    const file = join(dataDir, 'admin.key');
    const result = readOrCreateKeyFile(file, () => {
      writeFileSync(file, 'theirs\n');
      return 'ours';
    });
    expect(result).toEqual({ text: 'theirs', created: false });
    expect(readdirSync(dataDir)).toEqual(['admin.key']);
  });

  it('are agreed on by processes that start together, and exactly one has made them', async () => {
    mkdirSync(dataDir, { recursive: true });
    const racers = Array.from({ length: 8 }, () => race(join(dataDir, 'admin.key')));
    const lines = await Promise.all(racers);
    const results = lines.map((line) => JSON.parse(line) as { text: string; created: boolean });
    expect(new Set(results.map((result) => result.text)).size).toBe(1);
    expect(results.filter((result) => result.created)).toHaveLength(1);
  });

  it('in a data dir that cannot be made are a configuration fault for each variable, not a stack', () => {
    writeFileSync(join(root, 'deep'), 'a file where a folder should be');
    expect(() => ensureGeneratedKeys(dataDir, ['admin', 'encryption'])).toThrow(ConfigurationError);
    expect(() => ensureGeneratedKeys(dataDir, ['admin', 'encryption'])).toThrow(
      /^FACECODE_ADMIN_KEY: .*ENOTDIR.*FACECODE_DATA_DIR.*\nFACECODE_ENCRYPTION_KEY: .*ENOTDIR.*$/,
    );
  });

  it('whose file is damaged are neither used nor replaced, nor shown', () => {
    mkdirSync(dataDir, { recursive: true });
    const file = join(dataDir, 'encryption.key');
    writeFileSync(file, 'hunter2');
    expect(() => ensureGeneratedKeys(dataDir, ['encryption'])).toThrow(/^FACECODE_ENCRYPTION_KEY: (?!.*hunter2)/);
    expect(readFileSync(file, 'utf8')).toBe('hunter2');
  });
});

const loader = new URL('../support/typescript-loader.mjs', import.meta.url).href;
const keyFile = new URL('../../src/config/key-file.ts', import.meta.url).href;
const script = `
  const { loadTypeScript } = await import('${loader}');
  loadTypeScript();
  const { readOrCreateKeyFile } = await import('${keyFile}');
  process.stdout.write(JSON.stringify(readOrCreateKeyFile(process.argv[1], () => String(process.pid))));
`;

/** The result of `readOrCreateKeyFile` in a separate process. */
async function race(file: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return output;
}

describe('the environment', () => {
  const before = process.cwd();
  afterEach(() => process.chdir(before));

  it('is .env overlaid by the variables of the process, where an empty one counts as unset', () => {
    writeFileSync(join(root, '.env'), 'FC_TEST_FILE=file\nFC_TEST_BOTH=file\nFC_TEST_EMPTY=file\nFC_TEST_NONE=\n');
    process.chdir(root);
    Object.assign(process.env, { FC_TEST_BOTH: 'process', FC_TEST_EMPTY: '' });
    try {
      expect(readEnvironment()).toMatchObject({ FC_TEST_FILE: 'file', FC_TEST_BOTH: 'process', FC_TEST_EMPTY: 'file' });
      expect(readEnvironment()).not.toHaveProperty('FC_TEST_NONE');
    } finally {
      delete process.env.FC_TEST_BOTH;
      delete process.env.FC_TEST_EMPTY;
    }
  });

  it('needs no .env, but one that is no file is a configuration fault', () => {
    process.chdir(root);
    expect(readEnvironment()).toHaveProperty('PATH');
    mkdirSync(join(root, '.env'));
    expect(() => readEnvironment()).toThrow(ConfigurationError);
  });
});
