/** The body of a webhook: README.md section 4. Tolerant in reading, strict in what may grant. */
import { isIP } from 'node:net';
import { isNestedDeeper } from '../core/json-depth.js';
import { type FinalStatus, finalStatuses } from './contract.js';
import { isJsonObject, isWord, type JsonObject, keepable, notAWord, parseJsonBytes } from './provider-text.js';

export interface ProviderResult {
  /** null: the result has no usable token; it then has a scanRef */
  token: string | null;
  /** NOT_FINAL: pending or a word we do not know; it never grants and never ends anything */
  status: FinalStatus | 'NOT_FINAL';
  /** as iDenfy wrote it, at most 40 characters */
  rawStatus: string;
  scanRef: string | null;
  type: string | null;
  method: string | null;
  failReason: string | null;
  /** of the selfie: personal data */
  ipAddress: string | null;
  riskTags: string[];
}

export type ParsedWebhook =
  | { kind: 'result'; result: ProviderResult }
  /** `notJson`: no event of any type can look like this */
  | { kind: 'malformed'; reason: string; notJson: boolean };

/** iDenfy's own bodies have up to six levels. */
const maxLevels = 64;
const maxTextLength = 255;
const maxRawStatusLength = 40;
const maxRiskTags = 32;
const maxRiskTagLength = 64;

/** iDenfy documents 40 characters. A longer token is accepted here and is simply unknown to us. */
const tokenShape = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

export function parseWebhook(body: Buffer): ParsedWebhook {
  const json = parseJsonBytes(body);
  if (json === undefined) return { kind: 'malformed', reason: 'the body is not JSON', notJson: true };
  if (isNestedDeeper(body, maxLevels)) return malformed(`the body is nested deeper than ${maxLevels} levels`);
  if (!isJsonObject(json)) return malformed('the body is not a JSON object');
  const status = own(json, 'status');
  if (typeof status !== 'string') return malformed('there is no usable status');
  const token = tokenOf(own(json, 'token'));
  const scanRef = text(json, 'scanRef');
  if (token === null && !scanRef) return malformed('there is neither a usable token nor a usable scanRef');
  const ipAddress = text(json, 'ipAddress');
  return {
    kind: 'result',
    result: {
      token,
      status: statusOf(status),
      rawStatus: keepable(status, maxRawStatusLength),
      scanRef,
      type: text(json, 'type'),
      method: text(json, 'method'),
      failReason: wordOf(own(json, 'failReason')),
      ipAddress: ipAddress !== null && isIP(ipAddress) !== 0 ? ipAddress : null,
      riskTags: riskTagsOf(own(json, 'riskTags')),
    },
  };
}

const malformed = (reason: string): ParsedWebhook => ({ kind: 'malformed', reason, notJson: false });

/** Never what an object inherits: `__proto__` and `constructor` are members like others in JSON. */
function own(json: JsonObject, name: keyof ProviderResult): unknown {
  return Object.hasOwn(json, name) ? json[name] : undefined;
}

function text(json: JsonObject, name: keyof ProviderResult): string | null {
  const value = own(json, name);
  return typeof value === 'string' ? keepable(value, maxTextLength) : null;
}

/** A token that no session can have is treated as missing. */
const tokenOf = (value: unknown): string | null => (typeof value === 'string' && tokenShape.test(value) ? value : null);

const wordOf = (value: unknown): string | null => {
  if (typeof value !== 'string') return null;
  return isWord(value) ? value : notAWord;
};

function statusOf(text: string): ProviderResult['status'] {
  // Before the comparison: "ſ" (long s) in upper case is "S".
  if (!/^[A-Za-z]+$/.test(text)) return 'NOT_FINAL';
  const upper = text.toUpperCase();
  const known = upper === 'CANCELLED' ? 'CANCELED' : upper;
  return finalStatuses.find((status) => status === known) ?? 'NOT_FINAL';
}

function riskTagsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((tag: unknown): tag is string => typeof tag === 'string')
    .slice(0, maxRiskTags)
    .map((tag) => keepable(tag, maxRiskTagLength));
}

/** The receiver takes no larger body. */
const maxKeptBytes = 65_536;

/**
 * The body as it may be kept: the photo, and in other events the documents, are addresses to biometric data. Every
 * `facePhoto` becomes null and every address is cut out of the other texts. What is not JSON keeps its first 64 KB
 * without addresses.
 */
export function withoutPhoto(body: Buffer): Buffer {
  // JSON.stringify walks by recursion, so what is nested deeply is treated as bytes.
  const json = isNestedDeeper(body, maxLevels) ? undefined : parseJsonBytes(body);
  if (json !== undefined) return Buffer.from(JSON.stringify(json, withoutAddress));
  // Latin-1 gives every byte back as it was.
  return Buffer.from(body.subarray(0, maxKeptBytes).toString('latin1').replaceAll(address, ''), 'latin1');
}

/** Also with the slashes escaped as some JSON writers do, or percent-encoded. */
const address = /https?(?::|%3A|\\u003a)(?:\\?\/|%2F|\\u002f){2}[^\s"'<>]*/giu;

function withoutAddress(key: string, value: unknown): unknown {
  if (key === 'facePhoto') return null;
  return typeof value === 'string' ? value.replaceAll(address, '') : value;
}
