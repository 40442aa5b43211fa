/** The answer to "create a session": README.md section 2. */
import type { CreateOutcome, Refused } from './outcomes.js';
import { unreadable } from './provider-error.js';
import { isJsonObject, type JsonObject, parseJson } from './provider-text.js';

/** One text, three names in iDenfy's own pages. */
const tokenNames = ['token', 'authToken', 'tokenString'] as const;
const tokenShape = /^[!-~]{1,40}$/;
const digitShape = /^\d{4,12}$/;

/** @param digits whether the app's code was asked for */
export function createdSession(httpStatus: number, body: string | null, digits: boolean): CreateOutcome {
  if (body === null) return unreadable(httpStatus, 'and more than can be read');
  const json = parseJson(body);
  if (!isJsonObject(json)) return unreadable(httpStatus, 'but no JSON object');
  const named = new Set(tokenNames.map((name) => json[name]).filter((value) => value !== undefined && value !== null));
  // iDenfy may have made a session for each of these tokens.
  const sessionTokens = [...named].filter((value) => typeof value === 'string').filter((text) => tokenShape.test(text));
  const unusable = (what: string, reason?: Refused['reason']): CreateOutcome => ({
    ...unreadable(httpStatus, what, reason),
    sessionTokens,
  });
  if (named.size > 1) return unusable('but with two different tokens');
  const [token] = sessionTokens;
  if (token === undefined) return unusable('but no usable token');
  const code = digits ? codeOf(json) : { text: null, warnings: [] };
  if (code === null) return unusable('but no usable digitString: is the feature in the contract?', 'contract');
  const lifetime = lifetimeOf(json);
  const warnings = [...code.warnings, ...lifetime.warnings];
  return { kind: 'ok', token, digitString: code.text, lifetimeSeconds: lifetime.seconds, warnings };
}

/** Reads a whole number of seconds, also as text. iDenfy's pages show a number, but a shorter lifetime does no harm. */
function lifetimeOf({ lifetime }: JsonObject): { seconds: number | null; warnings: string[] } {
  if (lifetime === undefined || lifetime === null) return { seconds: null, warnings: [] };
  const seconds = typeof lifetime === 'string' && /^\d{1,10}$/.test(lifetime) ? Number(lifetime) : lifetime;
  return typeof seconds === 'number' && Number.isSafeInteger(seconds) && seconds >= 1
    ? { seconds, warnings: [] }
    : { seconds: null, warnings: ['the lifetime in the answer is not a whole number of seconds and is ignored'] };
}

function codeOf({ digitString: value }: JsonObject): { text: string; warnings: string[] } | null {
  if (typeof value === 'string') return digitShape.test(value) ? { text: value, warnings: [] } : null;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return null;
  const warnings = ['digitString is a number, so leading zeros would be lost'];
  return digitShape.test(String(value)) ? { text: String(value), warnings } : null;
}
