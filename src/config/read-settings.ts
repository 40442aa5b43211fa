/** Turns variables into the one frozen settings object of the service. The README has the table of variables. */
import { resolve } from 'node:path';
import { ConfigurationError } from './configuration-error.js';
import { deepFreeze } from './deep-freeze.js';
import type { Environment } from './environment.js';
import { unknownVariables } from './known-variables.js';
import { readIdenfy } from './read-idenfy.js';
import { type KeyName, readKeys, type ReadKeys } from './read-keys.js';
import { readLimits } from './read-limits.js';
import { readReview, readSignals } from './read-signals.js';
import { readRequestLimits } from './read-request-limits.js';
import { anyText, cidr, decimal, hostname, integer, listOf, noteName, oneOf } from './parse-text.js';
import { mirrorTarget, pageOrigin, postgresUrl, redisUrl } from './parse-urls.js';
import type { Settings } from './settings.js';
import { VariableReader } from './variable-reader.js';

const highestPort = 65_535;
/** No system gives a process more sockets than this. */
const mostStreams = 1_000_000;
const roles = ['api', 'worker'] as const;

/** How each part of the settings is read. Faults are listed in this order. */
const readers: { readonly [Part in PlainPart]: (read: VariableReader) => Settings[Part] } = {
  http: readHttp,
  roles: readRoles,
  database: (read) => ({
    url: read.optional('DATABASE_URL', postgresUrl, null),
    migrateOnStart: read.optional('MIGRATE_ON_START', oneOf(['on', 'off']), 'on') === 'on',
  }),
  redis: (read) => ({ urls: read.optional('REDIS_URL', listOf(redisUrl), []) }),
  dataDir: readDataDir,
  idenfy: readIdenfy,
  deadlineGraceSeconds: (read) => read.optional('DEADLINE_GRACE_SECONDS', integer(0, 86_400), 120),
  confirmPass: (read) => read.optional('CONFIRM_PASS', oneOf(['off', 'observe', 'enforce']), 'observe'),
  identificationFallback: (read) => read.optional('IDENTIFICATION_FALLBACK', oneOf(['on', 'off']), 'off') === 'on',
  limits: readLimits,
  journalOrigin: (read) => read.optional('JOURNAL_ORIGIN', noteName, 'facecode.local/journal'),
  signals: readSignals,
  review: readReview,
  checkpointMirror: (read) => read.optional('CHECKPOINT_MIRROR', mirrorTarget, null),
  createWaitSeconds: (read) => read.optional('CREATE_WAIT_SECONDS', decimal(0, 60), 5),
  webhookBodyRetentionDays: (read) => read.optional('WEBHOOK_BODY_RETENTION_DAYS', integer(1, 3650), 90),
  personalDataRetentionDays: (read) => read.optional('PERSONAL_DATA_RETENTION_DAYS', integer(1, 36_500), null),
  egressAllow: (read) => read.optional('EGRESS_ALLOW', listOf(cidr), []),
  log: (read) => ({
    level: read.optional('LOG_LEVEL', oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), 'info'),
    format: read.optional('LOG_FORMAT', oneOf(['json', 'pretty']), 'json'),
  }),
};
const allParts = Object.keys(readers) as PlainPart[];

type PlainPart = Exclude<keyof Settings, 'keys'>;

/**
 * Parses and validates every setting. If everything is right, keys that no variable sets are made in the data dir.
 *
 * @throws ConfigurationError with every fault and no secret
 */
export function readSettings(environment: Environment): Settings {
  return readSettingsOf(environment, allParts, ['admin', 'encryption', 'journal']);
}

/**
 * Like `readSettings`, for a command that needs only some parts: variables of other parts may be missing or wrong.
 *
 * @throws ConfigurationError with every fault and no secret
 */
export function readSettingsOf<Part extends PlainPart, Key extends KeyName = never>(
  environment: Environment,
  parts: readonly Part[],
  keys: readonly Key[],
): Pick<Settings, Part> & { readonly keys: ReadKeys<Key> } {
  const read = new VariableReader(environment);
  for (const { name, problem } of unknownVariables(environment)) read.fault(name, problem);

  const values = parts.map((part) => [part, readers[part](read)] as const);
  const finishKeys = readKeys(read, keys, readDataDir(read), read.isSet('DATABASE_URL'));

  if (read.faults.length > 0) throw new ConfigurationError(read.faults, read.missing);
  const settings = Object.fromEntries(values) as Pick<Settings, Part>;
  return deepFreeze({ ...settings, keys: finishKeys() });
}

function readDataDir(read: VariableReader): string {
  return resolve(read.optional('FACECODE_DATA_DIR', anyText, './data'));
}

function readHttp(read: VariableReader): Settings['http'] {
  const port = read.optional('PORT', integer(0, highestPort), 3000);
  const metricsPort = read.optional('METRICS_PORT', integer(0, highestPort), null);
  if (metricsPort === port && port !== 0) read.fault('METRICS_PORT', `is ${port} like PORT, expected another port`);
  return {
    host: read.optional('HOST', hostname, '127.0.0.1'),
    port,
    metricsPort,
    ...readRequestLimits(read),
    corsOrigins: read.optional('CORS_ORIGINS', listOf(pageOrigin), []),
    streamsMax: read.optional('STREAMS_MAX', integer(1, mostStreams), 10_000),
  };
}

function readRoles(read: VariableReader): Settings['roles'] {
  const chosen: readonly string[] = read.optional('ROLES', listOf(oneOf(roles)), [...roles]);
  return { api: chosen.includes('api'), worker: chosen.includes('worker') };
}
