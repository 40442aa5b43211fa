import { Inject, Injectable } from '@nestjs/common';
import type { Reach } from '../core/reach.js';
import type { JournalEvent } from '../journal/journal-event.js';
import { JournalFeed } from '../journal/journal-feed.js';
import { JournalReads } from '../journal/journal-reads.js';
import { SessionsService } from '../sessions/sessions.service.js';

/** Sealing takes 50 ms as a rule and a second at most, unless nobody seals. */
const waitAtMostMs = 5000;
const pageSize = 1000;

/** The events of a session, once all of them have their positions. */
@Injectable()
export class SealedSessions {
  constructor(
    @Inject(SessionsService) private readonly sessions: SessionsService,
    @Inject(JournalReads) private readonly reads: JournalReads,
    @Inject(JournalFeed) private readonly feed: JournalFeed,
  ) {}

  async eventsOf(sessionId: string, reach: Reach): Promise<JournalEvent[] | 'not-found' | 'not-sealed'> {
    const until = Date.now() + waitAtMostMs;
    for (;;) {
      const head = await this.feed.head();
      const session = await this.sessions.findRows(sessionId, reach);
      if (!session) return 'not-found';
      const events = await this.sealedEvents(sessionId, reach);
      // Fewer events: some are not sealed yet. More: the session changed meanwhile, so its rows must be read again.
      if (events.length === session.session.seq) return events;
      const left = until - Date.now();
      if (left <= 0) return 'not-sealed';
      if (events.length > session.session.seq) continue;
      const after = events.at(-1)?.position ?? 0;
      if (!(await this.feed.next({ reach, sessionId, after }, head, left))) return 'not-sealed';
    }
  }

  private async sealedEvents(sessionId: string, reach: Reach): Promise<JournalEvent[]> {
    const events: JournalEvent[] = [];
    for (;;) {
      const after = events.at(-1)?.position ?? 0;
      const page = await this.reads.journal.read({ reach, sessionId, after, limit: pageSize });
      events.push(...page);
      if (page.length < pageSize) return events;
    }
  }
}
