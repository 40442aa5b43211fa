/** Classifies error answers: README.md, ground rules. The HTTP status decides; error names matter only for 400. */
import type { Answer } from './http-exchange.js';
import type { Failure, Refused, RetryLater } from './outcomes.js';
import { readableError } from './provider-error-text.js';
import { parseJson } from './provider-text.js';

const longestRetryAfterSeconds = 3600;
const contractErrors = ['PERMISSIONS_ERROR', 'PARTNER_CONTRACT_ERROR'];

/** @param unspeakable texts that the detail must not hold, whatever iDenfy's message says */
export function failureOf(answer: Answer, now: Date, unspeakable: readonly string[]): Failure {
  const { status } = answer;
  const body = parseJson(answer.body ?? '');
  const { identifier, message } = readableError(body, unspeakable);
  const detail = [`iDenfy answered ${status}`, identifier, message].filter(Boolean).join(', ');
  const refused = (reason: Refused['reason']): Refused => ({
    kind: 'refused',
    reason,
    httpStatus: status,
    identifier,
    detail,
  });
  const retryLater = (why: RetryLater['why']): RetryLater => ({
    kind: 'retry-later',
    why,
    retryAfterSeconds: retryAfterSeconds(answer.retryAfter, now),
    detail,
  });
  if (status >= 500) return retryLater('server-error');
  switch (status) {
    case 400:
      if (identifier === 'TOO_MANY_REQUESTS') return retryLater('rate-limited');
      // iDenfy documents that the request may be repeated after this error, so a create call has made nothing.
      if (identifier === 'INTERNAL_ERROR') return retryLater('server-error');
      return refused(contractErrors.includes(identifier ?? '') ? 'contract' : 'bad-request');
    case 401:
      return refused('unauthorized');
    case 402:
      return refused('no-credits');
    case 403:
      return refused('forbidden');
    case 408:
      return retryLater('time-out');
    case 429:
      return retryLater('rate-limited');
    default:
      return refused('unexpected');
  }
}

/** A success whose body is not what it has to be. */
export function unreadable(httpStatus: number, what: string, reason: Refused['reason'] = 'unexpected'): Refused {
  return { kind: 'refused', reason, httpStatus, identifier: null, detail: `iDenfy answered ${httpStatus}, ${what}` };
}

/**
 * `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
 *
 * @returns 0..3600, or null when there is none that can be read
 */
export function retryAfterSeconds(header: string | null, now: Date): number | null {
  const text = header?.trim() ?? '';
  // Date.parse takes much for a date; every HTTP date begins with a day's name.
  const seconds = /^\d+$/.test(text)
    ? Number(text)
    : /^[A-Z][a-z]{2}/.test(text)
      ? Math.ceil((Date.parse(text) - now.getTime()) / 1000)
      : NaN;
  return Number.isNaN(seconds) ? null : Math.min(longestRetryAfterSeconds, Math.max(0, seconds));
}
