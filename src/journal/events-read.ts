import type { RowsRead } from '../http/recorded-read.js';
import type { EventType } from './event-types.js';

/**
 * Describes which events a reader has read, for its `audit.read` event. Events of type `audit.read` do not count. Otherwise
 * every reader who follows the journal would cause new ones without end.
 * @returns null if nothing counts
 */
export function eventsRead(events: readonly { type: EventType; position: number }[]): RowsRead | null {
  const counted = events.filter(({ type }) => type !== 'audit.read');
  const [first, last] = [counted[0], counted.at(-1)];
  return first && last ? { rows: counted.length, firstPosition: first.position, lastPosition: last.position } : null;
}
