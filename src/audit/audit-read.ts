import type { EventData, NewEvent } from '../journal/journal-event.js';
import type { ReadSum } from './read-ledger.js';

/** The event that records reads. */
export function auditRead(sum: Omit<ReadSum, 'keyId' | 'platform'>): NewEvent {
  const { route, filter, reads, rows, firstPosition, lastPosition, firstAt, lastAt } = sum;
  const range: EventData =
    firstPosition === undefined || lastPosition === undefined ? {} : { firstPosition, lastPosition };
  const times = { firstAt: firstAt.toISOString(), lastAt: lastAt.toISOString() };
  const data = { route, filter: filter ?? 'other', reads, rows, ...range, ...times };
  return { type: 'audit.read', attemptId: null, data };
}
