/** The webhook of an identification: README.md section 6. Tolerant in reading, strict in what may grant. */
import { identificationEvents } from './contract.js';
import { isJsonObject, keepable, parseJsonBytes } from './provider-text.js';

interface Named {
  /** of the new identification */
  scanRef: string;
  /** what we called it when we asked for it; null: the webhook does not say */
  clientId: string | null;
}

export type ParsedIdentification =
  | ({ kind: 'approved' } & Named)
  /** `overall`: iDenfy's word, for example DENIED, SUSPECTED or EXPIRED; the list is open */
  | ({ kind: 'not-approved'; overall: string } & Named)
  /** an interim result: it neither grants nor ends anything */
  | { kind: 'not-final' }
  | { kind: 'malformed'; reason: string };

const scanRefShape = /^[^\p{Cc}\p{Cs}]{1,255}$/u;
const maxClientIdLength = 100;
const maxOverallLength = 40;

/** Whether a webhook with this `Idenfy-Event-Type` tells how an identification came out. */
export const isIdentificationEvent = (eventType: string | null): boolean =>
  identificationEvents.some((known) => known === eventType?.toUpperCase());

/** @param body as it came, or as `withoutPhoto` left it */
export function parseIdentification(body: Buffer): ParsedIdentification {
  const json = parseJsonBytes(body);
  if (!isJsonObject(json)) return malformed('the body is not a JSON object');
  const { final, scanRef, clientId, status } = json;
  if (typeof scanRef !== 'string' || !scanRefShape.test(scanRef)) return malformed('there is no usable scanRef');
  if (final !== true) return { kind: 'not-final' };
  const overall = isJsonObject(status) ? status.overall : undefined;
  if (typeof overall !== 'string') return malformed('it is final and has no status');
  const named = { scanRef, clientId: typeof clientId === 'string' ? keepable(clientId, maxClientIdLength) : null };
  return overall === 'APPROVED'
    ? { kind: 'approved', ...named }
    : { kind: 'not-approved', overall: keepable(overall, maxOverallLength), ...named };
}

/** The members that `parseIdentification` reads. The others hold names, documents and photos. */
export function withoutPerson(body: Buffer): Buffer {
  const json = parseJsonBytes(body);
  const { final, scanRef, clientId, status } = isJsonObject(json) ? json : {};
  const overall = isJsonObject(status) ? status.overall : undefined;
  return Buffer.from(JSON.stringify({ final, scanRef, clientId, status: { overall } }));
}

const malformed = (reason: string): ParsedIdentification => ({ kind: 'malformed', reason });
