import { Inject, Injectable } from '@nestjs/common';
import type { Reach } from '../core/reach.js';
import { Places } from '../core/places.js';
import type { ListEventsDto } from './events.dto.js';
import type { EventPageResponse } from './events.responses.js';
import type { JournalEvent } from './journal-event.js';
import { JournalFeed } from './journal-feed.js';
import { JournalStore } from './journal.store.js';

@Injectable()
export class EventsService {
  /** waiting polls of one API key on one process; a field, so that a test need not send as many */
  waitingPerKey = 500;
  private readonly waiting = new Places();

  constructor(
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JournalFeed) private readonly feed: JournalFeed,
  ) {}

  /** @param holder id of the API key @param abandoned aborts when the client has hung up */
  async read(
    { after, limit, type: types, sessionId, wait }: ListEventsDto,
    reach: Reach,
    holder: string,
    abandoned: AbortSignal,
  ): Promise<EventPageResponse | 'too-many-waiting'> {
    const until = Date.now() + wait * 1000;
    const head = await this.feed.head();
    let found: readonly JournalEvent[] = await this.journal.read({ reach, after, limit: limit + 1, types, sessionId });
    const left = until - Date.now();
    if (found.length === 0 && left > 0) {
      if (!this.waiting.hasRoom(holder, this.waitingPerKey)) return 'too-many-waiting';
      const leave = this.waiting.take(holder);
      found = (await this.feed.next({ reach, types, sessionId, after }, head, left, abandoned).finally(leave)) ?? [];
    }
    const data = found.slice(0, limit);
    const hasMore = found.length > limit;
    const last = data.at(-1)?.position ?? after;
    // If there is no more, no other event up to `head` matches, so the next search may begin after `head`.
    return { data, lastPosition: hasMore ? last : Math.max(last, head), hasMore };
  }
}
