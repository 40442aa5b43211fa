import { Injectable } from '@nestjs/common';
import type { JournalEvent } from '../journal/journal-event.js';
import { sseMessage } from './sse.js';

/** Events as messages; one that goes to many readers is written once. */
@Injectable()
export class EventTexts {
  private readonly whole = new WeakMap<JournalEvent, string>();
  private readonly impersonal = new WeakMap<JournalEvent, string>();

  /** @param personal false: without addresses, references and the like, as for a browser */
  of(event: JournalEvent, personal: boolean): string {
    const texts = personal ? this.whole : this.impersonal;
    const known = texts.get(event);
    if (known !== undefined) return known;
    const text = sseMessage(personal ? event : { ...event, personal: null });
    texts.set(event, text);
    return text;
  }
}
