/** Reads the body of POST /partner/authentication-info as strictly as iDenfy does, or stricter. */
import { authenticationType, faceMatching } from '../idenfy/contract.js';
import { bad, missing, type Refusal } from './refusal.js';

export interface CreateRequest {
  readonly scanRef: string;
  readonly type: string;
  readonly method: string;
  readonly generateDigitString: boolean;
  /** seconds that the session lives */
  readonly lifetime: number;
  /** the body as it came: the answer repeats it */
  readonly body: object;
}

/** The lifetime in iDenfy's example answer. The text above that example says 1800. */
const defaultLifetimeSeconds = 3600;
/** 30 days, iDenfy's most */
const maxLifetimeSeconds = 2_592_000;

export function readCreateRequest(body: unknown): CreateRequest | Refusal {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return bad('the body must be a JSON object');
  const { scanRef, type, method, generateDigitString, locale, lifetime } = body as Record<string, unknown>;
  if (scanRef === undefined || scanRef === '') return missing('scanRef');
  if (typeof scanRef !== 'string') return bad('scanRef must be a string');
  if (type === undefined) return missing('type');
  if (type !== authenticationType) return bad(`type must be ${authenticationType}`);
  if (method === undefined) return missing('method');
  if (method !== faceMatching) return bad(`method must be ${faceMatching}`);
  if (!isSwitch(generateDigitString)) return bad('generateDigitString must be true or false');
  if (locale !== undefined && !isLocale(locale)) return bad('locale must be a lower-case language code');
  if (lifetime !== undefined && !isLifetime(lifetime))
    return bad(`lifetime must be 1 to ${maxLifetimeSeconds} seconds`);
  return {
    scanRef,
    type,
    method,
    generateDigitString: generateDigitString === true,
    lifetime: lifetime ?? defaultLifetimeSeconds,
    body,
  };
}

function isSwitch(value: unknown): boolean {
  return value === undefined || typeof value === 'boolean';
}

function isLocale(value: unknown): boolean {
  return typeof value === 'string' && /^[a-z]{2}(?:[-_][a-z]{2,4})?$/.test(value);
}

function isLifetime(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxLifetimeSeconds;
}
