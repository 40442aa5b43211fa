import { Inject, Injectable } from '@nestjs/common';
import type { Reach } from '../core/reach.js';
import { Places } from '../core/places.js';
import type { ListEventsDto } from './events.dto.js';
import type { EventPageResponse } from './events.responses.js';
import type { JournalEvent } from './journal-event.js';
import { JournalFeed } from './journal-feed.js';
import { JournalStore } from './journal.store.js';

/** On one process. */
export const waitingPollsPerKey = 500;

@Injectable()
export class EventsService {
  private readonly waiting = new Places(waitingPollsPerKey);

  constructor(
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JournalFeed) private readonly feed: JournalFeed,
  ) {}

  /** @param holder id of the key that asks */
  async read(
    { after, limit, type: types, sessionId, wait }: ListEventsDto,
    reach: Reach,
    holder: string,
  ): Promise<EventPageResponse | 'too-many-waiting'> {
    const until = Date.now() + wait * 1000;
    const head = await this.feed.head();
    let found: readonly JournalEvent[] = await this.journal.read({ reach, after, limit: limit + 1, types, sessionId });
    const left = until - Date.now();
    if (found.length === 0 && left > 0) {
      const leave = this.waiting.take(holder);
      if (!leave) return 'too-many-waiting';
      found = (await this.feed.next({ reach, types, sessionId, after }, head, left).finally(leave)) ?? [];
    }
    const data = found.slice(0, limit);
    const hasMore = found.length > limit;
    const last = data.at(-1)?.position ?? after;
    // Unless there is more, nothing else up to `head` fits: what does not fit need not be looked through again.
    return { data, lastPosition: hasMore ? last : Math.max(last, head), hasMore };
  }
}
