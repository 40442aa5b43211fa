import { integer, oneOf } from './parse-text.js';
import type { Settings } from './settings.js';
import type { Parser, VariableReader } from './variable-reader.js';

type Limits = Settings['limits'];

/**
 * The rules that every profile keeps. What is certain of each, what is ours and where it is written: src/risk/README.md.
 *
 * - RTS on SCA: Delegated Regulation (EU) 2018/389, Article 4(3)(b): no more than five failed attempts in a row, then
 *   the action is blocked for a while or for good.
 * - NIST SP 800-63B, section 5.2.3 (revision 3): no more than five failed biometric attempts in a row (ten only with
 *   presentation attack detection of proven quality), then at least 30 s before the next attempt, growing exponentially.
 */
const mostFailures = 5;
const mostFailuresRule = 'RTS on SCA Art. 4(3)(b) and NIST SP 800-63B 5.2.3: at most five failures in a row';
const shortestLockSeconds = 30;
const shortestLockRule = 'NIST SP 800-63B 5.2.3: at least 30 s before the next attempt';
const growingLockRule = 'NIST SP 800-63B 5.2.3: the delay grows with every further failure';
/**
 * Only NIST requires a lock without an end (SP 800-63B-4, section 3.2.3): no further biometric attempt after 50
 * failures in a row (100 with proven presentation attack detection).
 */
const mostFailuresInAll = 50;
const mostFailuresInAllRule = 'NIST SP 800-63B-4 3.2.3: at most 50 failures in a row';
/** Ours: a day. Who has to keep somebody out for longer has another way than a count of failures. */
const longestLockSeconds = 86_400;

/** No lock is permanent: the payer must be alerted first (RTS on SCA Art. 4(4)), and only the platform can do that. */
const psd2: Limits = {
  maxAttemptsPerSession: 5,
  lockAfterFailures: mostFailures,
  lockSeconds: shortestLockSeconds,
  // Locks double from 30 s, so the eighth lock in a row reaches the hour.
  lockMaxSeconds: 3600,
  stopAfterFailures: null,
};

const profiles = { psd2, 'nist-800-63b': { ...psd2, stopAfterFailures: mostFailuresInAll } } as const;

const ownVariables = [
  'LIMITS_MAX_ATTEMPTS',
  'LIMITS_LOCK_AFTER',
  'LIMITS_LOCK_SECONDS',
  'LIMITS_LOCK_MAX_SECONDS',
  'LIMITS_STOP_AFTER',
];

/** The limits of the profile. `custom` may be stricter than the rules, never laxer: what breaks one is a fault that names it. */
export function readLimits(read: VariableReader): Limits {
  const profile = read.optional('LIMITS_PROFILE', oneOf(['psd2', 'nist-800-63b', 'custom']), 'psd2');
  if (profile === 'custom') return readOwn(read);
  for (const name of ownVariables.filter((variable) => read.isSet(variable))) {
    read.fault(name, `is fixed by LIMITS_PROFILE=${profile}, expected it only with custom`);
  }
  return profiles[profile];
}

/** Settings that are unset have the values of `psd2`. */
function readOwn(read: VariableReader): Limits {
  const failures = ruled(1, mostFailures, (value) => value > mostFailures, mostFailuresRule);
  const seconds = ruled(
    shortestLockSeconds,
    longestLockSeconds,
    (value) => value < shortestLockSeconds,
    shortestLockRule,
  );
  const lockSeconds = read.optional('LIMITS_LOCK_SECONDS', seconds, psd2.lockSeconds);
  // A longer first lock raises the default of the longest, so that setting one of the two is enough.
  const lockMaxSeconds = read.optional('LIMITS_LOCK_MAX_SECONDS', seconds, Math.max(lockSeconds, psd2.lockMaxSeconds));
  if (lockMaxSeconds < lockSeconds) {
    const expected = `expected at least LIMITS_LOCK_SECONDS=${lockSeconds}`;
    read.fault('LIMITS_LOCK_MAX_SECONDS', `${lockMaxSeconds} breaks ${growingLockRule}, ${expected}`);
  }
  const lockAfterFailures = read.optional('LIMITS_LOCK_AFTER', failures, psd2.lockAfterFailures);
  const inAll = ruled(1, mostFailuresInAll, (value) => value > mostFailuresInAll, mostFailuresInAllRule);
  const stopAfterFailures = read.optional('LIMITS_STOP_AFTER', inAll, psd2.stopAfterFailures);
  if (stopAfterFailures !== null && stopAfterFailures < lockAfterFailures) {
    read.fault(
      'LIMITS_STOP_AFTER',
      `is ${stopAfterFailures}, expected at least LIMITS_LOCK_AFTER=${lockAfterFailures}`,
    );
  }
  return {
    maxAttemptsPerSession: read.optional('LIMITS_MAX_ATTEMPTS', failures, psd2.maxAttemptsPerSession),
    lockAfterFailures,
    lockSeconds,
    lockMaxSeconds,
    stopAfterFailures,
  };
}

/** An integer in a range, of which one end is a rule: what lies beyond that end is refused with its name. */
function ruled(min: number, max: number, breaks: (value: number) => boolean, rule: string): Parser<number> {
  return (text) => {
    const parsed = integer(min, max)(text);
    if ('value' in parsed || !/^\d{1,9}$/.test(text) || !breaks(Number(text))) return parsed;
    return { fault: `${text} breaks ${rule}, expected an integer from ${min} to ${max}` };
  };
}
