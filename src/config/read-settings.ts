/** From variables to the one frozen object the service runs on; the table of variables is in the README. */
import { resolve } from 'node:path';
import { ConfigurationError } from './configuration-error.js';
import { deepFreeze } from './deep-freeze.js';
import type { Environment } from './environment.js';
import { unknownVariables } from './known-variables.js';
import { readIdenfy } from './read-idenfy.js';
import { readKeys } from './read-keys.js';
import { readLimits } from './read-limits.js';
import { readReview, readSignals } from './read-signals.js';
import { readRequestLimits } from './read-request-limits.js';
import { anyText, cidr, decimal, hostname, integer, listOf, noteName, oneOf } from './parse-text.js';
import { mirrorTarget, pageOrigin, postgresUrl, redisUrl } from './parse-urls.js';
import type { Settings } from './settings.js';
import { VariableReader } from './variable-reader.js';

const highestPort = 65_535;
/** More sockets than this a process is not given anywhere. */
const mostStreams = 1_000_000;
const roles = ['api', 'worker'] as const;

/**
 * Parses and validates every setting. Keys that are nowhere set are made in the data dir, once everything else is in
 * order.
 *
 * @throws ConfigurationError naming every fault and no secret
 */
export function readSettings(environment: Environment): Settings {
  const read = new VariableReader(environment);
  for (const { name, problem } of unknownVariables(environment)) read.fault(name, problem);

  const { api, worker } = readRoles(read);
  const databaseUrl = read.optional('DATABASE_URL', postgresUrl, null);
  const settings: Omit<Settings, 'keys'> = {
    http: readHttp(read),
    roles: { api, worker },
    database: {
      url: databaseUrl,
      migrateOnStart: read.optional('MIGRATE_ON_START', oneOf(['on', 'off']), 'on') === 'on',
    },
    redis: { urls: read.optional('REDIS_URL', listOf(redisUrl), []) },
    dataDir: resolve(read.optional('FACECODE_DATA_DIR', anyText, './data')),
    idenfy: readIdenfy(read),
    deadlineGraceSeconds: read.optional('DEADLINE_GRACE_SECONDS', integer(0, 86_400), 120),
    confirmPass: read.optional('CONFIRM_PASS', oneOf(['off', 'observe', 'enforce']), 'observe'),
    identificationFallback: read.optional('IDENTIFICATION_FALLBACK', oneOf(['on', 'off']), 'off') === 'on',
    limits: readLimits(read),
    journalOrigin: read.optional('JOURNAL_ORIGIN', noteName, 'facecode.local/journal'),
    signals: readSignals(read),
    review: readReview(read),
    checkpointMirror: read.optional('CHECKPOINT_MIRROR', mirrorTarget, null),
    createWaitSeconds: read.optional('CREATE_WAIT_SECONDS', decimal(0, 60), 5),
    webhookBodyRetentionDays: read.optional('WEBHOOK_BODY_RETENTION_DAYS', integer(1, 3650), 90),
    personalDataRetentionDays: read.optional('PERSONAL_DATA_RETENTION_DAYS', integer(1, 36_500), null),
    egressAllow: read.optional('EGRESS_ALLOW', listOf(cidr), []),
    log: {
      level: read.optional('LOG_LEVEL', oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), 'info'),
      format: read.optional('LOG_FORMAT', oneOf(['json', 'pretty']), 'json'),
    },
  };
  const finishKeys = readKeys(read, settings.dataDir, read.isSet('DATABASE_URL'));

  if (read.faults.length > 0) throw new ConfigurationError(read.faults);
  return deepFreeze({ ...settings, keys: finishKeys() });
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
