/** Which events an endpoint wants: names, `attempt.*` for all of one kind, `*` for all. */
import { type EventType, eventTypes } from '../journal/event-types.js';

const all = '*';
const ofKind = '.*';

/** Whether the pattern names anything: a misspelled one would silently never match. */
export function isEventPattern(pattern: unknown): pattern is string {
  return typeof pattern === 'string' && eventTypes.some((type) => matches(pattern, type));
}

/** @param patterns null: all */
export function wants(patterns: readonly string[] | null, type: string): boolean {
  return patterns === null || patterns.some((pattern) => matches(pattern, type));
}

function matches(pattern: string, type: EventType | string): boolean {
  if (pattern === all || pattern === type) return true;
  return pattern.endsWith(ofKind) && type.startsWith(pattern.slice(0, -1));
}
