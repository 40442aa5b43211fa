/**
 * A text from outside as it can be kept: at most `length` UTF-16 units, without control characters and half
 * characters, neither of which PostgreSQL's text and jsonb take.
 */
export function keepable(text: string, length: number): string {
  const printable = text.replaceAll(/\p{Cc}/gu, '').slice(0, length);
  return Buffer.from(printable, 'utf8').toString('utf8');
}

/**
 * Whether the text is one word, as iDenfy's reasons and event types are. There is no list, because iDenfy may add new ones.
 * Any other text could name a person, and the journal keeps everything for good.
 */
export const isWord = (text: string): boolean => /^[A-Za-z]\w{0,63}$/.test(text);

/** Replaces a text that should be one word, but is not. */
export const notAWord = 'UNREADABLE';

export type JsonObject = Record<string, unknown>;

/** @returns undefined when it is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** @returns undefined when it is not JSON in UTF-8 */
export function parseJsonBytes(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
