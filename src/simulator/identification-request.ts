/** The body of POST /api/v2/token, and the answer that repeats it. */
import { identificationTokenType } from '../idenfy/contract.js';
import { randomDigits } from './random.js';
import { bad, missing, type Refusal } from './refusal.js';

export interface IdentificationRequest {
  readonly clientId: string;
  readonly externalRef: string | null;
  readonly expirySeconds: number;
  readonly generateDigitString: boolean;
  /** the unchanged request body, which the answer repeats */
  readonly body: object;
}

const maxClientIdLength = 100;
const maxExternalRefLength = 40;
/** 30 days, iDenfy's maximum */
const maxExpirySeconds = 2_592_000;

/** The values in the documented example answer for members that the request does not have. */
const defaults = {
  firstName: null,
  lastName: null,
  successUrl: null,
  errorUrl: null,
  locale: 'en',
  country: null,
  expiryTime: 3600,
  sessionLength: 600,
  tokenType: identificationTokenType,
  externalRef: null,
} as const;

export function readIdentificationRequest(body: unknown): IdentificationRequest | Refusal {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return bad('the body must be a JSON object');
  const { clientId, tokenType, externalRef, locale, expiryTime, generateDigitString } = body as Record<string, unknown>;
  if (clientId === undefined || clientId === '') return missing('clientId');
  if (typeof clientId !== 'string' || clientId.length > maxClientIdLength)
    return bad(`clientId must be text of at most ${maxClientIdLength} characters`);
  // iDenfy's OpenAPI file requires it; in its other pages it is optional.
  if (tokenType !== undefined && tokenType !== identificationTokenType)
    return bad(`tokenType must be ${identificationTokenType}`);
  if (!isOptionalText(externalRef) || (externalRef ?? '').length > maxExternalRefLength)
    return bad(`externalRef must be text of at most ${maxExternalRefLength} characters`);
  if (!isOptionalText(locale)) return bad('locale must be a lower-case language code');
  if (expiryTime !== undefined && !isExpiry(expiryTime))
    return bad(`expiryTime must be 1 to ${maxExpirySeconds} seconds`);
  if (generateDigitString !== undefined && typeof generateDigitString !== 'boolean')
    return bad('generateDigitString must be true or false');
  return {
    clientId,
    externalRef: externalRef ?? null,
    expirySeconds: expiryTime ?? defaults.expiryTime,
    generateDigitString: generateDigitString === true,
    body,
  };
}

/** The part of the answer that repeats the request, with defaults for missing members. */
export function identificationAnswer({ generateDigitString, body }: IdentificationRequest): object {
  const digitString = generateDigitString ? randomDigits(null) : null;
  return { message: 'Token created successfully', ...defaults, ...body, digitString };
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isExpiry(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= maxExpirySeconds;
}
