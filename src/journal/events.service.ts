import { Inject, Injectable } from '@nestjs/common';
import type { ListEventsDto } from './events.dto.js';
import type { EventPageResponse } from './events.responses.js';
import { JournalStore } from './journal.store.js';

const lookEveryMs = 200;

@Injectable()
export class EventsService {
  constructor(@Inject(JournalStore) private readonly journal: JournalStore) {}

  async read({ after, limit, type, sessionId, wait }: ListEventsDto): Promise<EventPageResponse> {
    const until = Date.now() + wait * 1000;
    for (;;) {
      const found = await this.journal.read({ after, limit: limit + 1, types: type, sessionId });
      const left = until - Date.now();
      if (found.length > 0 || left <= 0) {
        const data = found.slice(0, limit);
        return { data, lastPosition: data.at(-1)?.position ?? after, hasMore: found.length > limit };
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, lookEveryMs)));
    }
  }
}
