/** Server-sent events as text (WHATWG HTML, section 9.2). Pure. */
import type { JournalEvent } from '../journal/journal-event.js';

/** Nothing between us and the reader may keep, join or compress messages. */
export const sseHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** A reader whose connection broke comes back so much later. */
const retryMs = 1000;

export const sseOpening = `retry: ${retryMs}\n\n`;
export const sseComment = ': still here\n\n';

/** JSON has no line breaks of its own, so the data is one line. */
export const sseMessage = (event: Pick<JournalEvent, 'position' | 'type'>): string =>
  `id: ${event.position}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
