import type { Json } from '../core/canonical-json.js';
import { isObject, type JsonObject } from '../journal/export/verify-event.js';

/**
 * The first difference of two JSON values, such as `session.status is "passed", but the events say "failed"`; null if
 * they are equal. The order of members does not matter. Pure.
 */
export function firstDifference(expected: Json | undefined, found: Json | undefined, path: string): string | null {
  if (isObject(expected) && isObject(found)) {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const difference = firstDifference(own(expected, name), own(found, name), `${path}.${name}`);
      if (difference !== null) return difference;
    }
    return null;
  }
  if (Array.isArray(expected) && Array.isArray(found)) {
    for (let nth = 0; nth < Math.max(expected.length, found.length); nth += 1) {
      const difference = firstDifference(expected[nth] as Json, found[nth] as Json, `${path}[${nth}]`);
      if (difference !== null) return difference;
    }
    return null;
  }
  return Object.is(expected, found) ? null : `${path} is ${words(found)}, but the events say ${words(expected)}`;
}

/** Reads own members only: a file may name a member `__proto__`. */
const own = (object: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

const words = (value: Json | undefined): string => (value === undefined ? 'not there' : JSON.stringify(value));
