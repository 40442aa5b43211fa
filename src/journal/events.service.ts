import { Inject, Injectable } from '@nestjs/common';
import type { ListEventsDto } from './events.dto.js';
import type { EventPageResponse } from './events.responses.js';
import { JournalStore } from './journal.store.js';
import { JournalTail } from './journal-tail.js';

@Injectable()
export class EventsService {
  constructor(
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JournalTail) private readonly tail: JournalTail,
  ) {}

  async read({ after, limit, type, sessionId, wait }: ListEventsDto): Promise<EventPageResponse> {
    const until = Date.now() + wait * 1000;
    for (;;) {
      const found = await this.journal.read({ after, limit: limit + 1, types: type, sessionId });
      const left = until - Date.now();
      if (found.length > 0 || left <= 0 || !(await this.tail.wait(left))) {
        const data = found.slice(0, limit);
        return { data, lastPosition: data.at(-1)?.position ?? after, hasMore: found.length > limit };
      }
    }
  }
}
