/** Answers that are no success: README.md, ground rules. The HTTP status decides first, error names only within 400. */
import type { Answer } from './http-exchange.js';
import type { Failure, Refused, RetryLater } from './outcomes.js';
import { isJsonObject, keepable, parseJson } from './provider-text.js';

const longestRetryAfterSeconds = 3600;
const contractErrors = ['PERMISSIONS_ERROR', 'PARTNER_CONTRACT_ERROR'];

/** @param unspeakable texts that the detail must not hold, whatever iDenfy's message says */
export function failureOf(answer: Answer, now: Date, unspeakable: readonly string[]): Failure {
  const { status } = answer;
  const body = parseJson(answer.body ?? '');
  const identifier = identifierOf(body);
  const detail = [`iDenfy answered ${status}`, identifier, messageOf(body, unspeakable)].filter(Boolean).join(', ');
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

function identifierOf(body: unknown): string | null {
  const identifier = isJsonObject(body) ? body.identifier : undefined;
  return typeof identifier === 'string' && /^[A-Z_]{1,64}$/.test(identifier) ? identifier : null;
}

function messageOf(body: unknown, unspeakable: readonly string[]): string | null {
  const message = isJsonObject(body) ? (body.message ?? body.detail) : undefined;
  if (typeof message !== 'string') return null;
  const cleared = unspeakable
    .filter((text) => text !== '')
    .reduce((text, secret) => text.replaceAll(secret, '…'), message.slice(0, 1000));
  return keepable(cleared.split(/\s+/).map(withoutValue).join(' '), 200);
}

/** What may be a token, a code, an id or an address rather than a word of a sentence. */
function withoutValue(word: string): string {
  const digits = word.replaceAll(/\D/g, '').length;
  return digits >= 4 || (digits > 0 && word.length >= 8) || word.length > 32 || word.includes('://') ? '…' : word;
}
