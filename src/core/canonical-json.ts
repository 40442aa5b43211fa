/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * JSON in the one form that equal values share (RFC 8785): members in the order of their UTF-16 code units (3.2.3),
 * numbers and texts as ECMAScript writes them (3.2.2). Members that are `undefined` are left out.
 *
 * @throws TypeError for what JSON cannot say: written as something else it would share a digest with that
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'string' && value.isWellFormed()) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(',')}]`;
  if (isPlainObject(value)) return `{${members(value).join(',')}}`;
  if (!isScalar(value)) throw new TypeError(`JSON has no ${typeof value} like this`);
  return JSON.stringify(value);
}

/** Texts sort by their UTF-16 code units where nothing else is said. A journal is verified at the speed of this loop. */
function members(object: Record<string, Json | undefined>): string[] {
  const written: string[] = [];
  for (const name of Object.keys(object).sort()) {
    const item = object[name];
    if (item !== undefined) written.push(`${canonicalJson(name)}:${canonicalJson(item)}`);
  }
  return written;
}

function isScalar(value: unknown): value is null | boolean | number | string {
  if (typeof value === 'string') return value.isWellFormed();
  return value === null || typeof value === 'boolean' || Number.isFinite(value);
}

/** Not a Date, a Map or an instance of a class: what they hold is not in their members. */
function isPlainObject(value: unknown): value is Record<string, Json | undefined> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
