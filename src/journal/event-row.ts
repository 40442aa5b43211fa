import type { events } from '../database/schema.js';
import type { Actor } from '../core/actor.js';
import type { EventType } from './event-types.js';
import type { JournalEvent } from './journal-event.js';

/** An event without what can be erased of it: what the tree is made of. */
export type ProvableEvent = Omit<JournalEvent, 'personal'>;

type Row = Omit<typeof events.$inferSelect, 'rowNumber' | 'personalSealed' | 'subjectKeyId' | 'mac' | 'setAside'>;

export function provable(row: Row): ProvableEvent {
  return {
    id: row.id,
    type: row.type as EventType,
    ...(row.version === 1 ? {} : { platform: row.platform }),
    sessionId: row.sessionId,
    attemptId: row.attemptId,
    seq: row.seq,
    position: row.position ?? 0,
    at: row.at.toISOString(),
    actor: row.actor as unknown as Actor,
    data: row.data as JournalEvent['data'],
    personalDigest: row.personalDigest,
  };
}
