import { Inject, Injectable } from '@nestjs/common';
import { Turns } from '../core/turns.js';
import type { JournalEvent } from '../journal/journal-event.js';
import { type Interest, JournalFeed } from '../journal/journal-feed.js';
import { JournalStore } from '../journal/journal.store.js';

/** Most events that are sent to one reader at once: some 60 KB. */
const pageSize = 100;
/** When thousands of readers come at once (after a restart), they must not keep everybody else from the database. */
const readingsAtOnce = 4;

/** What readers that are behind read from the journal, a few of them at a time. */
@Injectable()
export class JournalPages {
  private readonly turns = new Turns(readingsAtOnce);

  constructor(
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JournalFeed) private readonly feed: JournalFeed,
  ) {}

  /** @returns head: when there is no more, the position up to which there is none, to follow the feed from; else null */
  read(interest: Interest, after: number): Promise<{ events: JournalEvent[]; head: number | null }> {
    return this.inTurn(async () => {
      const head = await this.feed.head();
      const events = await this.journal.read({ ...interest, after, limit: pageSize });
      return { events, head: events.length < pageSize ? head : null };
    });
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.run(work);
  }
}
