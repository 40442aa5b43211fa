/**
 * Extracts a readable text from iDenfy's error bodies. Their documented shapes are `{identifier, message}`,
 * `{message, code, detail}` and `{message, identifier, documentation, severity}`. `message` is a text or lists errors
 * by field: README.md, ground rules. The text goes to the log and the journal, so it must not reveal a token, code,
 * scanRef, address or secret.
 */
import { isJsonObject, keepable } from './provider-text.js';

const maxLength = 200;
/** The most texts that are read from a message that is an object or a list. */
const maxTexts = 20;
const maxLevels = 5;
const longestWord = 32;

export interface ReadableError {
  /** iDenfy's name of the error, in upper case; null if there is no usable name */
  identifier: string | null;
  /** at most 200 characters; null if there is no text */
  message: string | null;
}

/** @param unspeakable texts that must not be shown, whatever iDenfy's message says */
export function readableError(body: unknown, unspeakable: readonly string[]): ReadableError {
  if (!isJsonObject(body)) return { identifier: null, message: null };
  const { identifier, code, message, detail } = body;
  return {
    identifier: identifierIn(identifier, unspeakable) ?? identifierIn(code, unspeakable),
    message: shown(message, unspeakable) ?? shown(detail, unspeakable),
  };
}

function identifierIn(value: unknown, unspeakable: readonly string[]): string | null {
  if (typeof value !== 'string' || value.length > longestWord || !/^[A-Za-z_]+$/.test(value)) return null;
  return without(value, unspeakable) === value ? value.toUpperCase() : null;
}

function shown(message: unknown, unspeakable: readonly string[]): string | null {
  const texts: string[] = [];
  collect(message, [], texts);
  // Values are hidden before the text is cut, because half of a secret would not be recognized.
  const words = without(texts.join('; '), unspeakable).split(/\s+/).map(withoutValue);
  return keepable(words.join(' '), maxLength) || null;
}

/** Adds each text, prefixed with the path of field names that leads to it. Lists add no name to the path. */
function collect(value: unknown, path: readonly string[], texts: string[]): void {
  if (texts.length >= maxTexts || path.length > maxLevels) return;
  if (Array.isArray(value)) {
    for (const item of value) if (!Array.isArray(item)) collect(item, path, texts);
  } else if (isJsonObject(value)) {
    for (const [name, inner] of Object.entries(value)) collect(inner, [...path, name], texts);
  } else if (value !== null && value !== undefined && value !== '') {
    texts.push(path.length === 0 ? String(value) : `${path.join('.')}: ${String(value)}`);
  }
}

function without(text: string, unspeakable: readonly string[]): string {
  return unspeakable.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
}

/** Hides a word that may be a token, a code, an id or an address. */
function withoutValue(word: string): string {
  const digits = word.replaceAll(/\D/g, '').length;
  return digits >= 4 || (digits > 0 && word.length >= 8) || word.length > longestWord || word.includes('://')
    ? '…'
    : word;
}
