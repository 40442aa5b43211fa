/** The answer to "create a session": README.md section 2. */
import type { CreateOutcome } from './outcomes.js';
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
  const tokens = new Set(tokenNames.map((name) => json[name]).filter((value) => value !== undefined && value !== null));
  if (tokens.size > 1) return unreadable(httpStatus, 'and names the token twice, differently');
  const [token] = tokens;
  if (typeof token !== 'string' || !tokenShape.test(token)) return unreadable(httpStatus, 'but no usable token');
  if (!digits) return { kind: 'ok', token, digitString: null, warnings: [] };
  const code = codeOf(json);
  if (code === null)
    return unreadable(httpStatus, 'but no usable digitString: is the feature in the contract?', 'contract');
  const warnings = code.bare ? ['digitString came as a number, leading zeros would be lost'] : [];
  return { kind: 'ok', token, digitString: code.text, warnings };
}

function codeOf(json: JsonObject): { text: string; bare: boolean } | null {
  const value = json.digitString;
  if (typeof value === 'string') return digitShape.test(value) ? { text: value, bare: false } : null;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return null;
  return digitShape.test(String(value)) ? { text: String(value), bare: true } : null;
}
