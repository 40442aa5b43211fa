/** The answer to "create an identification": README.md section 6. */
import type { IdentificationOutcome } from './outcomes.js';
import { unreadable } from './provider-error.js';
import { isJsonObject, parseJson } from './provider-text.js';

const tokenShape = /^[!-~]{1,255}$/;
const scanRefShape = /^[!-~]{1,255}$/;
const maxUrlLength = 2048;

export interface IdentificationPages {
  /** to which `?authToken=` is appended */
  readonly identificationUrl: string;
  /** where iDenfy's API is */
  readonly baseUrl: string;
}

export function createdIdentification(
  httpStatus: number,
  body: string | null,
  pages: IdentificationPages,
): IdentificationOutcome {
  const json = parseJson(body ?? '');
  if (!isJsonObject(json)) return unreadable(httpStatus, 'but no JSON object');
  // iDenfy's guide and its newer OpenAPI file use different names for both fields.
  const { scanRef } = json;
  const authToken = json.authToken ?? json.tokenString;
  const redirectUrl = json.redirectUrl ?? json.sessionUrl;
  if (typeof scanRef !== 'string' || !scanRefShape.test(scanRef))
    return unreadable(httpStatus, 'but no usable scanRef');
  const url = safeAddress(redirectUrl, pages) ?? addressOf(authToken, pages);
  return url === null ? unreadable(httpStatus, 'but no usable authToken') : { kind: 'ok', scanRef, url };
}

/**
 * A page that users are sent to: https, or plain http at an address that the settings name, as in development.
 *
 * @returns null for everything else: the address is made from the token then
 */
function safeAddress(redirectUrl: unknown, pages: IdentificationPages): string | null {
  if (typeof redirectUrl !== 'string' || redirectUrl.length > maxUrlLength || !URL.canParse(redirectUrl)) return null;
  const { protocol, origin, href, username, password } = new URL(redirectUrl);
  const named = [pages.identificationUrl, pages.baseUrl].some((url) => new URL(url).origin === origin);
  const safe = protocol === 'https:' || (protocol === 'http:' && named);
  return safe && username === '' && password === '' ? href : null;
}

function addressOf(authToken: unknown, { identificationUrl }: IdentificationPages): string | null {
  if (typeof authToken !== 'string' || !tokenShape.test(authToken)) return null;
  const url = new URL(identificationUrl);
  url.searchParams.set('authToken', authToken);
  return url.href;
}
