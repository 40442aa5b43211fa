/** The create calls that end in an error, by sentinel: no session is made. Bodies differ as iDenfy's do. */
import type { SentinelName } from './sentinels.js';

export interface Failure {
  readonly status: number;
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** how many tries of one scanRef fail */
  readonly tries: number;
}

const everyTry = Number.POSITIVE_INFINITY;

export const createFailures: Partial<Record<SentinelName, Failure>> = {
  'error-500-twice': { tries: 2, status: 500, body: { message: 'Internal server error' } },
  'html-error': {
    tries: 1,
    status: 503,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: '<!doctype html><html><head><title>503</title></head><body><h1>Service Unavailable</h1></body></html>',
  },
  'rate-limit': { tries: 1, status: 429, headers: { 'retry-after': '1' }, body: { message: 'Too many requests' } },
  'too-many-400': {
    tries: 1,
    status: 400,
    body: { identifier: 'TOO_MANY_REQUESTS', message: 'Too many requests, try again later' },
  },
  'no-credits': {
    tries: everyTry,
    status: 402,
    body: { message: 'Not enough credits', code: 'payment_required', detail: 'Not enough credits' },
  },
  forbidden: { tries: everyTry, status: 403, body: { message: 'Face authentication is not enabled' } },
  'bad-value': {
    tries: everyTry,
    status: 400,
    body: { identifier: 'BAD_VALUE', message: 'lifetime is too long', severity: 'ERROR', documentation: '' },
  },
};
