import { invalid } from './validation.js';

/** A page's end, opaque to the caller: the id of its last row. */
export function encodeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** @throws Problem invalid-request */
export function decodeCursor(cursor: string, isId: (text: string) => boolean): string {
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!isId(id)) throw invalid([{ field: 'cursor', message: 'must be a nextCursor of an earlier answer' }]);
  return id;
}
