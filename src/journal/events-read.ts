import type { RowsRead } from '../http/recorded-read.js';
import type { EventType } from './event-types.js';

/**
 * What a reader of these events has read. `audit.read` events do not count. Otherwise every reader who follows the journal
 * would cause new ones without end.
 * @returns null if nothing counts
 */
export function eventsRead(events: readonly { type: EventType; position: number }[]): RowsRead | null {
  const counted = events.filter(({ type }) => type !== 'audit.read');
  const [first, last] = [counted[0], counted.at(-1)];
  return first && last ? { rows: counted.length, firstPosition: first.position, lastPosition: last.position } : null;
}
