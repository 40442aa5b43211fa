import type { ReadRecorder } from '../http/recorded-read.js';
import { eventsRead } from '../journal/events-read.js';
import type { JournalEvent } from '../journal/journal-event.js';

/**
 * Records what one stream shows. The first read is in the journal before the first event that counts is sent. Later reads are
 * added up, minute by minute.
 */
export class StreamReads {
  private begun = false;

  /** @param reading null: the reads of this stream need not be recorded */
  constructor(private readonly reading: ReadRecorder | null) {}

  /** Await this before you send the events. @throws DatabaseUnavailable: what cannot be recorded must not be sent */
  async record(events: readonly JournalEvent[]): Promise<void> {
    const rows = eventsRead(events);
    if (!this.reading || !rows) return;
    if (this.begun) this.reading.add(rows);
    else await this.reading.record(rows);
    this.begun = true;
  }

  /** Like `record`, but does not wait. @returns false if the events must wait for the journal; nothing is recorded then */
  recordAtOnce(events: readonly JournalEvent[]): boolean {
    const rows = eventsRead(events);
    if (!this.reading || !rows) return true;
    if (this.begun) this.reading.add(rows);
    return this.begun;
  }
}
