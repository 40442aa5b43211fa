/**
 * The errors of create calls, by sentinel. None of these calls makes a session. The errors have several shapes, as on
 * iDenfy's pages.
 */
import type { SentinelName } from './sentinels.js';

export interface Failure {
  readonly status: number;
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** how many tries of one scanRef fail */
  readonly tries: number;
}

/** iDenfy's table of errors advises to retry the request. */
export const internalError = {
  status: 400,
  body: { identifier: 'INTERNAL_ERROR', message: 'Internal error, please try again' },
} as const;

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
    body: { message: 'Action not allowed due to lack of funds or exceeded limit.' },
  },
  forbidden: { tries: everyTry, status: 403, body: { message: 'Partner inactive' } },
  'contract-error': {
    tries: everyTry,
    status: 400,
    body: { identifier: 'PARTNER_CONTRACT_ERROR', message: 'Your contract does not permit this' },
  },
  'internal-error': { tries: 2, ...internalError },
  'field-errors': {
    tries: everyTry,
    status: 400,
    body: {
      message: { lifetime: ['must be at most 3600'] },
      identifier: 'VALIDATION_ERROR',
      documentation: 'https://documentation.idenfy.com',
      severity: 'NOT_SEVERE',
    },
  },
  'bad-value': {
    tries: everyTry,
    status: 400,
    body: { identifier: 'BAD_VALUE', message: 'lifetime is too long', severity: 'ERROR', documentation: '' },
  },
};
