import { Injectable } from '@nestjs/common';
import type { JournalEvent } from '../journal/journal-event.js';
import { userEvent } from '../sessions/user-event.js';
import { sseMessage } from './sse.js';

/** The reader of a stream. An API key sees whole events; the user of a session gets the user's view. */
export type StreamView = 'whole' | 'user';

/** Events as messages; one that goes to many readers is written once. */
@Injectable()
export class EventTexts {
  private readonly texts: Readonly<Record<StreamView, WeakMap<JournalEvent, string>>> = {
    whole: new WeakMap(),
    user: new WeakMap(),
  };

  of(event: JournalEvent, view: StreamView): string {
    const texts = this.texts[view];
    const known = texts.get(event);
    if (known !== undefined) return known;
    const text = sseMessage(view === 'whole' ? event : userEvent(event));
    texts.set(event, text);
    return text;
  }
}
