import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { ConfigService } from '@nestjs/config';
import { ConfigurationError } from '../../src/config/configuration-error.js';
import { ConfigurationModule } from '../../src/config/config.module.js';
import type { Environment } from '../../src/config/environment.js';
import { knownVariables } from '../../src/config/known-variables.js';
import { readSettings, readSettingsOf } from '../../src/config/read-settings.js';
import { SETTINGS } from '../../src/config/settings.token.js';
import { settingsWarnings } from '../../src/config/warnings.js';

let dataDir: string;
beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'facecode-settings-')), 'data');
});
afterEach(() => rmSync(join(dataDir, '..'), { recursive: true, force: true }));

const journalPem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const encryptionKey = Buffer.alloc(32, 7).toString('base64');

const signingKey = 'the-signing-key-of-the-notification';
const olderKey = 'the-older-key-of-the-notification';

const embedded = (more: Environment = {}): Environment => ({
  FACECODE_DATA_DIR: dataDir,
  IDENFY_API_KEY: 'key',
  IDENFY_API_SECRET: 'secret',
  IDENFY_WEBHOOK_KEYS: signingKey,
  ...more,
});

const complete = (more: Environment = {}): Environment =>
  embedded({
    DATABASE_URL: 'postgres://facecode:pass@db:5432/facecode',
    FACECODE_ADMIN_KEY: `fc_${'a'.repeat(32)}`,
    FACECODE_ENCRYPTION_KEY: encryptionKey,
    FACECODE_JOURNAL_KEY: journalPem,
    ...more,
  });

function faultsOf(environment: Environment): readonly string[] {
  try {
    readSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe('the settings', () => {
  it('need only the three iDenfy secrets; everything else has the documented default', () => {
    const settings = readSettings(embedded());
    expect(settings).toMatchObject({
      http: { host: '127.0.0.1', port: 3000, metricsPort: null, corsOrigins: [], streamsMax: 10_000 },
      roles: { api: true, worker: true },
      database: { url: null, migrateOnStart: true },
      redis: { urls: [] },
      dataDir,
      idenfy: {
        baseUrl: 'https://ivs.idenfy.com',
        faceUrl: 'https://face.authentication.idenfy.com/',
        webhookKeys: [signingKey],
        requestsPerHour: 10_000,
        timeoutSeconds: 10,
      },
      deadlineGraceSeconds: 120,
      confirmPass: 'observe',
      limits: { maxAttemptsPerSession: 5, stopAfterFailures: null },
      createWaitSeconds: 5,
      egressAllow: [],
      log: { level: 'info', format: 'json' },
    });
  });

  it('are frozen through and through', () => {
    const settings = readSettings(complete({ EGRESS_ALLOW: '10.0.0.0/8' }));
    expect(() => Object.assign(settings.http, { port: 1 })).toThrow(TypeError);
    expect(Object.isFrozen(settings.egressAllow)).toBe(true);
    expect(Object.isFrozen(settings.keys.encryption)).toBe(true);
  });

  it('take an empty or blank variable for an unset one', () => {
    expect(readSettings(complete({ PORT: '', LOG_LEVEL: ' ', METRICS_PORT: '' })).http).toMatchObject({ port: 3000 });
  });

  it('are read from every variable of the table', () => {
    const settings = readSettings(
      complete({
        PORT: '0',
        HOST: '::',
        METRICS_PORT: '9100',
        ROLES: 'worker',
        REDIS_URL: 'redis://one:6379, redis://two:6379',
        MIGRATE_ON_START: 'off',
        IDENFY_BASE_URL: 'http://simulator:4000/',
        IDENFY_FACE_URL: 'http://localhost:4000/face',
        IDENFY_WEBHOOK_KEYS: `${signingKey}, ${olderKey}`,
        IDENFY_REQUESTS_PER_HOUR: '500',
        IDENFY_TIMEOUT_SECONDS: '0.5',
        DEADLINE_GRACE_SECONDS: '0',
        CONFIRM_PASS: 'enforce',
        LIMITS_PROFILE: 'custom',
        LIMITS_MAX_ATTEMPTS: '2',
        CREATE_WAIT_SECONDS: '0.25',
        CHECKPOINT_MIRROR: '/var/lib/mirror',
        EGRESS_ALLOW: '10.0.0.0/8, fd00::/8',
        LOG_LEVEL: 'debug',
        LOG_FORMAT: 'pretty',
      }),
    );
    expect(settings).toMatchObject({
      checkpointMirror: { folder: '/var/lib/mirror' },
      http: { host: '::', port: 0, metricsPort: 9100 },
      roles: { api: false, worker: true },
      database: { url: 'postgres://facecode:pass@db:5432/facecode', migrateOnStart: false },
      redis: { urls: ['redis://one:6379', 'redis://two:6379'] },
      keys: { admin: `fc_${'a'.repeat(32)}`, inDataDir: [], journal: journalPem },
      idenfy: {
        baseUrl: 'http://simulator:4000',
        faceUrl: 'http://localhost:4000/face',
        webhookKeys: [signingKey, olderKey],
        requestsPerHour: 500,
        timeoutSeconds: 0.5,
      },
      deadlineGraceSeconds: 0,
      confirmPass: 'enforce',
      limits: { maxAttemptsPerSession: 2 },
      createWaitSeconds: 0.25,
      egressAllow: ['10.0.0.0/8', 'fd00::/8'],
      log: { level: 'debug', format: 'pretty' },
    });
    expect(existsSync(dataDir)).toBe(false);
  });
});

describe('some parts of the settings', () => {
  const wrongElsewhere = { PORT: 'x', LOG_LEVEL: 'loud', FACECODE_ADMIN_KEY: 'short', FACECODE_DATA_DIR: '/tmp/here' };

  it('are read alone: the other settings may be missing or wrong', () => {
    const settings = readSettingsOf(
      { ...wrongElsewhere, DATABASE_URL: 'postgres://db/x' },
      ['database', 'dataDir'],
      [],
    );
    expect(settings).toEqual({
      database: { url: 'postgres://db/x', migrateOnStart: true },
      dataDir: '/tmp/here',
      keys: { inDataDir: [] },
    });
  });

  it('require only the keys that are needed', () => {
    const read = () =>
      readSettingsOf({ ...wrongElsewhere, DATABASE_URL: 'postgres://db/x' }, ['database'], ['encryption']);
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(/^FACECODE_ENCRYPTION_KEY: is not set[^\n]*$/);
  });

  it('report each of their own faults, and misspelled variables', () => {
    const read = () => readSettingsOf({ DATABASE_URL: 'x', REDIS_URL: 'y', FACECODE_DATADIR: 'z' }, ['database'], []);
    expect(read).toThrow(/^FACECODE_DATADIR: is not a setting.*\nDATABASE_URL: [^\n]*$/);
  });
});

describe('a faulty setting', () => {
  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '0x10'],
    ['METRICS_PORT', '3000'],
    ['HOST', 'http://here'],
    ['ROLES', 'api,cook'],
    ['ROLES', 'api,'],
    ['DATABASE_URL', 'mysql://root:hunter2@db/x'],
    ['DATABASE_URL', 'hunter2'],
    ['REDIS_URL', 'redis://one,http://:hunter2@two'],
    ['MIGRATE_ON_START', 'yes'],
    ['FACECODE_ADMIN_KEY', 'fc_hunter2'],
    ['FACECODE_ENCRYPTION_KEY', `${encryptionKey},hunter2`],
    ['FACECODE_JOURNAL_KEY', 'hunter2'],
    ['IDENFY_BASE_URL', 'http://ivs.idenfy.com'],
    ['IDENFY_BASE_URL', 'https://me:hunter2@ivs.idenfy.com'],
    ['IDENFY_BASE_URL', 'https://ivs.idenfy.com/?a=1'],
    ['IDENFY_FACE_URL', 'ftp://face'],
    ['CHECKPOINT_MIRROR', 'http://mirror.example/checkpoints'],
    ['CHECKPOINT_MIRROR', 'https://me:hunter2@mirror.example/'],
    ['CHECKPOINT_MIRROR', 's3://bucket'],
    ['IDENFY_API_KEY', 'user:hunter2'],
    ['IDENFY_WEBHOOK_KEYS', 'hunter2-hunter2-hunter2,,b'],
    ['IDENFY_WEBHOOK_KEYS', 'hunter2-hunter2'],
    ['IDENFY_WEBHOOK_KEYS', `${signingKey},hunter2-hunter2`],
    ['IDENFY_WEBHOOK_KEYS', 'sim-hunter2-hunter2-hunter2'],
    ['IDENFY_REQUESTS_PER_HOUR', '0'],
    ['IDENFY_REQUESTS_PER_HOUR', '1.5'],
    ['IDENFY_TIMEOUT_SECONDS', '0'],
    ['IDENFY_TIMEOUT_SECONDS', '61'],
    ['DEADLINE_GRACE_SECONDS', '86401'],
    ['CONFIRM_PASS', 'always'],
    ['LIMITS_PROFILE', 'none'],
    ['LIMITS_MAX_ATTEMPTS', '3'],
    ['CREATE_WAIT_SECONDS', '60.1'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://shop.example/'],
    ['CORS_ORIGINS', 'shop.example'],
    ['CORS_ORIGINS', 'https://me:hunter2@shop.example'],
    ['CORS_ORIGINS', 'null'],
    ['STREAMS_MAX', '0'],
    ['EGRESS_ALLOW', '10.0.0.0'],
    ['EGRESS_ALLOW', '10.0.0.0/33'],
    ['LOG_LEVEL', 'loud'],
    ['LOG_FORMAT', 'xml'],
  ])('%s=%s is named in one line, and no secret is shown', (name, value) => {
    const faults = faultsOf(complete({ [name]: value }));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name}: .+, .*expected .+`));
    expect(faults[0]).not.toMatch(/\n|hunter2/);
  });

  it('does not hide the others: all are reported at once', () => {
    const faults = faultsOf({ PORT: 'x', DATABASE_URL: 'postgres://db/x', FACECODE_DATA_DIR: dataDir });
    expect(faults.map((fault) => fault.split(':')[0])).toEqual([
      'PORT',
      'IDENFY_API_KEY',
      'IDENFY_API_SECRET',
      'IDENFY_WEBHOOK_KEYS',
      'FACECODE_ENCRYPTION_KEY',
      'FACECODE_JOURNAL_KEY',
    ]);
    expect(new ConfigurationError(faults).message.split('\n')).toHaveLength(faults.length);
  });

  it('keeps keys from being generated', () => {
    expect(faultsOf(embedded({ PORT: 'x' }))).toHaveLength(1);
    expect(existsSync(dataDir)).toBe(false);
  });

  it('is a limit out of range, also with the custom profile', () => {
    expect(faultsOf(complete({ LIMITS_PROFILE: 'custom', LIMITS_MAX_ATTEMPTS: '6' }))).toHaveLength(1);
  });
});

describe('an unknown variable with one of our prefixes', () => {
  it.each([
    ['IDENFY_WEBHOOK_KEY', 'IDENFY_WEBHOOK_KEYS'],
    ['FACECODE_ENCRPYTION_KEY', 'FACECODE_ENCRYPTION_KEY'],
    ['LIMITS_MAX_ATTEMPT', 'LIMITS_MAX_ATTEMPTS'],
  ])('%s is a fault that names %s', (name, near) => {
    expect(faultsOf(complete({ [name]: 'hunter2' }))).toEqual([`${name}: is not a setting, expected ${near}`]);
  });

  it('is a fault without a proposal when nothing is near, and without its value', () => {
    const [fault] = faultsOf(complete({ FACECODE_TELEPATHY: 'hunter2' }));
    expect(fault).toMatch(/^FACECODE_TELEPATHY: /);
    expect(knownVariables.some((known) => fault?.includes(known))).toBe(false);
    expect(fault).not.toContain('hunter2');
  });

  it('is nothing to complain of when Kubernetes announces a neighbour of that name, or it is empty', () => {
    const links = {
      FACECODE_SERVICE_HOST: '10.0.0.1',
      FACECODE_SERVICE_PORT_HTTP: '80',
      FACECODE_PORT: 'tcp://10.0.0.1:80',
      FACECODE_PORT_80_TCP_ADDR: '10.0.0.1',
      FACECODE_NOTHING: '',
    };
    expect(faultsOf(complete(links))).toEqual([]);
  });
});

describe('keys', () => {
  it.each([
    ['base64', encryptionKey],
    ['without padding', encryptionKey.replace('=', '')],
    ['base64url', Buffer.alloc(32, 7).toString('base64url')],
  ])('for encryption are taken as %s', (_, text) => {
    expect(readSettings(complete({ FACECODE_ENCRYPTION_KEY: text })).keys.encryption).toEqual([Buffer.alloc(32, 7)]);
  });

  it('for encryption rotate: a list keeps its order', () => {
    const older = Buffer.alloc(32, 255);
    const list = `${encryptionKey}, ${older.toString('base64url')}`;
    expect(readSettings(complete({ FACECODE_ENCRYPTION_KEY: list })).keys.encryption).toEqual([
      Buffer.alloc(32, 7),
      older,
    ]);
  });

  const der = generateKeyPairSync('ed25519').privateKey;
  const pem = der.export({ format: 'pem', type: 'pkcs8' }).toString();
  it.each([
    ['PEM', pem],
    ['PEM with escaped line ends', pem.replaceAll('\n', '\\n')],
    ['PEM with blanks for line ends', pem.replaceAll('\n', ' ')],
    ['base64 DER', der.export({ format: 'der', type: 'pkcs8' }).toString('base64')],
  ])('for the journal are taken as %s', (_, text) => {
    expect(readSettings(complete({ FACECODE_JOURNAL_KEY: text })).keys.journal).toBe(pem);
  });

  it('for the journal are refused when they are not Ed25519', () => {
    const other = generateKeyPairSync('x25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(faultsOf(complete({ FACECODE_JOURNAL_KEY: other }))).toHaveLength(1);
  });

  it('that are missing in embedded mode are generated, and the same at the next start', () => {
    const first = readSettings(embedded()).keys;
    const second = readSettings(embedded()).keys;
    expect(first.inDataDir).toEqual(['encryption', 'journal']);
    expect(second).toEqual(first);
  });

  it('for administration are not generated here, because only the database knows if it needs one', () => {
    expect(readSettings(embedded()).keys.admin).toBeNull();
    expect(readSettings(complete({ FACECODE_ADMIN_KEY: undefined })).keys).toMatchObject({
      admin: null,
      inDataDir: [],
    });
    expect(readdirSync(dataDir).sort()).toEqual(['encryption.key', 'journal.key']);
  });
});

describe('signing keys of webhooks', () => {
  it('are taken from 16 characters on', () => {
    const shortest = 'k'.repeat(16);
    expect(readSettings(complete({ IDENFY_WEBHOOK_KEYS: shortest })).idenfy.webhookKeys).toEqual([shortest]);
  });

  it.each([
    'http://127.0.0.1:4010',
    'http://[::1]:4010',
    'http://localhost:4010',
    'http://simulator.localhost:4010',
    'http://simulator:4010',
    'https://10.1.2.3',
    'https://172.16.0.1',
    'https://192.168.1.5',
    'https://[fd00::1]',
    'https://[::ffff:10.1.2.3]',
  ])("may be the simulator's while IDENFY_BASE_URL is %s", (url) => {
    for (const keys of ['sim-signing-key', `${signingKey},sim-signing-key`]) {
      expect(faultsOf(complete({ IDENFY_BASE_URL: url, IDENFY_WEBHOOK_KEYS: keys }))).toEqual([]);
    }
  });

  it.each([
    undefined,
    'https://ivs.idenfy.com',
    'https://localhost.idenfy.com',
    'https://simulator.internal',
    'https://11.1.2.3',
    'https://172.32.0.1',
    'https://169.254.1.1',
    'https://[2001:db8::1]',
    'https://[::ffff:11.1.2.3]',
  ])("may not be the simulator's, which are public, while IDENFY_BASE_URL is %s", (url) => {
    for (const keys of ['sim-signing-key', `${signingKey},sim-signing-key`]) {
      expect(faultsOf(complete({ IDENFY_BASE_URL: url, IDENFY_WEBHOOK_KEYS: keys }))).toEqual([
        expect.stringMatching(/^IDENFY_WEBHOOK_KEYS: .*simulator.* public.*IDENFY_BASE_URL/),
      ]);
    }
  });
});

describe('warnings', () => {
  it('are none for a production set-up', () => {
    expect(settingsWarnings(readSettings(complete()))).toEqual([]);
  });

  it('name signing keys with fewer than 32 characters, in one line for all', () => {
    const warningsFor = (keys: string) => settingsWarnings(readSettings(complete({ IDENFY_WEBHOOK_KEYS: keys })));
    expect(warningsFor('k'.repeat(32))).toEqual([]);
    const hunter = `hunter2-${'k'.repeat(23)}`;
    expect(warningsFor(hunter)).toEqual([
      'IDENFY_WEBHOOK_KEYS has keys with fewer than 32 characters (1 of 1): make longer ones (openssl rand -hex 32)',
    ]);
    expect(warningsFor(`${hunter},${signingKey},${hunter}`)).toEqual([
      'IDENFY_WEBHOOK_KEYS has keys with fewer than 32 characters (2 of 3): make longer ones (openssl rand -hex 32)',
    ]);
  });

  it("name the simulator's keys once, however short they are", () => {
    const simulated = complete({ IDENFY_BASE_URL: 'https://localhost', IDENFY_WEBHOOK_KEYS: 'sim-signing-key' });
    expect(settingsWarnings(readSettings(simulated))).toEqual([
      expect.stringMatching(/^development keys: IDENFY_\* keys beginning with sim-/),
    ]);
  });

  it('name the embedded database, development keys and plain http, one line each and no secret', () => {
    const settings = readSettings(
      embedded({ IDENFY_API_SECRET: 'sim-hunter2', IDENFY_BASE_URL: 'http://localhost:4000' }),
    );
    const warnings = settingsWarnings(settings);
    expect(warnings).toEqual([
      expect.stringMatching(/PGlite runs without fsync/),
      expect.stringMatching(/encryption\.key, journal\.key/),
      expect.stringMatching(/IDENFY_\* keys beginning with sim-/),
      expect.stringMatching(/IDENFY_BASE_URL is plain http/),
    ]);
    expect(warnings.join('')).not.toMatch(/\n|hunter2/);
  });
});

describe('the configuration module', () => {
  it("gives the very same object by its token and by Nest's ConfigService, and never the environment", async () => {
    const settings = readSettings(complete());
    const module = await Test.createTestingModule({ imports: [ConfigurationModule.forRoot(settings)] }).compile();
    expect(module.get(SETTINGS)).toBe(settings);
    const config = module.get(ConfigService, { strict: false });
    expect(config.get('settings.http.port')).toBe(3000);
    expect(config.get('PATH')).toBeUndefined();
    await module.close();
  });
});
