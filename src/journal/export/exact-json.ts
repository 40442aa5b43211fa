import { isObject, type JsonObject, parseJson } from './verify-event.js';

/** White space outside of texts. */
const blanks = /("(?:[^"\\]|\\.)*")|\s+/g;

/**
 * An object whose every member is there once: with one there twice, two readers may see two different files. Its white
 * space may be any. Pure.
 */
export function parseExactly(text: string): JsonObject | null {
  const value = parseJson(text);
  if (!isObject(value)) return null;
  return JSON.stringify(value) === text.replaceAll(blanks, '$1') ? value : null;
}
