/** Every variable the service reads, and what to say about one that it does not. */
import type { Environment } from './environment.js';

export const knownVariables = [
  'PORT',
  'HOST',
  'METRICS_PORT',
  'TRUST_PROXY',
  'RATE_LIMIT_PER_KEY_PER_MINUTE',
  'RATE_LIMIT_PER_ADDRESS_PER_MINUTE',
  'CORS_ORIGINS',
  'STREAMS_MAX',
  'ROLES',
  'DATABASE_URL',
  'REDIS_URL',
  'MIGRATE_ON_START',
  'FACECODE_DATA_DIR',
  'FACECODE_ADMIN_KEY',
  'FACECODE_ENCRYPTION_KEY',
  'FACECODE_JOURNAL_KEY',
  'JOURNAL_ORIGIN',
  'CHECKPOINT_MIRROR',
  'IDENFY_BASE_URL',
  'IDENFY_FACE_URL',
  'IDENFY_IDENTIFICATION_URL',
  'IDENFY_API_KEY',
  'IDENFY_API_SECRET',
  'IDENFY_WEBHOOK_KEYS',
  'IDENFY_REQUESTS_PER_HOUR',
  'IDENFY_TIMEOUT_SECONDS',
  'DEADLINE_GRACE_SECONDS',
  'CONFIRM_PASS',
  'IDENTIFICATION_FALLBACK',
  'LIMITS_PROFILE',
  'LIMITS_MAX_ATTEMPTS',
  'LIMITS_LOCK_AFTER',
  'LIMITS_LOCK_SECONDS',
  'LIMITS_LOCK_MAX_SECONDS',
  'LIMITS_STOP_AFTER',
  'SIGNALS_HOLD',
  'SIGNAL_TOO_FAST_SECONDS',
  'SIGNAL_VELOCITY_SESSIONS',
  'SIGNAL_VELOCITY_WINDOW_SECONDS',
  'REVIEW_FOUR_EYES',
  'REVIEW_CLAIM_SECONDS',
  'CREATE_WAIT_SECONDS',
  'WEBHOOK_BODY_RETENTION_DAYS',
  'PERSONAL_DATA_RETENTION_DAYS',
  'EGRESS_ALLOW',
  'LOG_LEVEL',
  'LOG_FORMAT',
] as const;

const ours = /^((FACECODE|IDENFY|LIMITS|RATE_LIMIT|SIGNALS)_|SIGNAL_(HOLD|TOO|VELOCITY)|REVIEW_(FOUR|CLAIM))/;

// Kubernetes and Docker links announce a neighbour called "facecode" by variables with our prefix.
const serviceLink = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const serviceLinkAddress = /^(tcp|udp|sctp):\/\//;

/** Variables with one of our prefixes that mean nothing: most likely misspelled, so the setting they are for is not set. */
export function unknownVariables(environment: Environment): { name: string; problem: string }[] {
  return Object.entries(environment)
    .filter(([name, value]) => value && ours.test(name) && !knownVariables.some((known) => known === name))
    .filter(([name, value]) => !serviceLink.test(name) && !serviceLinkAddress.test(value ?? ''))
    .map(([name]) => ({ name, problem: describe(nearest(name)) }));
}

const describe = (near: string | null): string =>
  near === null ? 'is not a setting, expected it to be absent' : `is not a setting, expected ${near}`;

function nearest(name: string): string | null {
  const ranked = knownVariables
    .map((known) => ({ known, distance: editDistance(name, known) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(2, name.length / 5) ? best.known : null;
}

/** Levenshtein: how many letters have to be put in, left out or changed. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = row[column - 1]! + (a[line - 1] === b[column - 1] ? 0 : 1);
      next.push(Math.min(changed, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
