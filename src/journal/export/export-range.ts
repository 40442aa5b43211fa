/** From where to where an export goes, as it is asked for. Pure. */

/** A position, or a time. */
export type Bound = { position: number } | { at: Date };

const digits = /^\d{1,15}$/;
/** A day, or a moment with its offset: without one it would mean another moment on every machine. */
const iso8601 = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/;

/** @returns null when it is neither digits nor a time of ISO 8601 that exists */
export function parseBound(text: string): Bound | null {
  if (digits.test(text)) return { position: Number(text) };
  if (!iso8601.test(text)) return null;
  const at = new Date(text.replace(',', '.'));
  const day = Number(text.slice(8, 10));
  // 31 February is a date to the parser: the third of March.
  const exists = !Number.isNaN(at.getTime()) && new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === day;
  return exists ? { at } : null;
}

export interface ExportBounds {
  from: Bound | null;
  to: Bound | null;
}

/** Whether the end lies before the beginning, as far as that can be told without the journal. */
export function isBackwards({ from, to }: ExportBounds): boolean {
  if (!from || !to) return false;
  if ('position' in from && 'position' in to) return from.position > to.position;
  return 'at' in from && 'at' in to && from.at > to.at;
}
