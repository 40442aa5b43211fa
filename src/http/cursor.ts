import { invalid } from './validation.js';

/** Where a page ends in a list ordered by time and id. */
export interface PageEnd {
  at: Date;
  id: string;
}

/** A page's end, opaque to the caller: the id of its last row. */
export function encodeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** @throws Problem invalid-request */
export function decodeCursor(cursor: string, isId: (text: string) => boolean): string {
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  return isId(id) ? id : refuse();
}

export function encodePageEnd({ at, id }: PageEnd): string {
  return encodeCursor(`${at.getTime()}.${id}`);
}

/** @throws Problem invalid-request */
export function decodePageEnd(cursor: string, isId: (text: string) => boolean): PageEnd {
  const [, milliseconds, id] = /^(\d{1,15})\.(.+)$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  return milliseconds !== undefined && id !== undefined && isId(id)
    ? { at: new Date(Number(milliseconds)), id }
    : refuse();
}

function refuse(): never {
  throw invalid([{ field: 'cursor', message: 'must be a nextCursor of an earlier answer' }]);
}
