import { isFinalEvent } from '../journal/event-types.js';
import type { JournalEvent } from '../journal/journal-event.js';
import type { Follower, Interest, JournalFeed } from '../journal/journal-feed.js';
import type { EventTexts, StreamView } from './event-texts.js';
import type { JournalPages } from './journal-pages.js';
import type { StreamReads } from './stream-reads.js';
import type { SseConnection } from './sse-connection.js';

export interface StreamPlan {
  interest: Interest;
  /** the position of the last event that the reader has */
  after: number;
  view: StreamView;
  /** whether it ends when the session has ended */
  endsWithSession: boolean;
  /** the session's final event is before `after` */
  ended: boolean;
}

export interface StreamSources {
  pages: JournalPages;
  feed: JournalFeed;
  texts: EventTexts;
  reads: StreamReads;
  /** told how many events were sent */
  sent: (count: number) => void;
  /** told why a reader could not be served */
  failed: (error: unknown) => void;
}

/**
 * One reader of the journal. It reads for itself until it has everything, then follows the feed; when its reader does
 * not keep up it leaves the feed, waits, and reads for itself again. Its position alone says what comes next, so
 * nothing is left out or sent twice, whichever way it comes.
 */
export class EventStream implements Follower {
  readonly reach: Interest['reach'];
  readonly sessionId: string | undefined;
  readonly types: Interest['types'];
  private position: number;
  private ended: boolean;
  private following: { stop: () => void } | null = null;

  constructor(
    private readonly connection: SseConnection,
    private readonly plan: StreamPlan,
    private readonly sources: StreamSources,
  ) {
    this.reach = plan.interest.reach;
    this.sessionId = plan.interest.sessionId;
    this.types = plan.interest.types;
    this.position = plan.after;
    this.ended = plan.ended;
    connection.onClose(() => this.unfollow());
  }

  /** Resolves when it has everything, or is over. Does not throw: a reader that cannot be served comes back. */
  async catchUp(): Promise<void> {
    const { pages, feed } = this.sources;
    try {
      while (await this.connection.drained()) {
        const { events, head } = await pages.read(this.plan.interest, this.position);
        await this.sources.reads.record(events);
        this.send(events);
        if (head === null || this.connection.isFull) continue;
        if (this.ended) this.connection.end();
        else if (this.connection.isOpen) this.following = feed.follow(this, head);
        return;
      }
    } catch (error) {
      this.sources.failed(error);
      this.connection.end();
    }
  }

  take(events: readonly JournalEvent[]): void {
    const recorded = this.sources.reads.recordAtOnce(this.freshAmong(events));
    if (recorded) this.send(events);
    if (!recorded || this.connection.isFull) {
      // It ends from there, too: what was sent last still has to arrive.
      this.unfollow();
      void this.catchUp();
    } else if (this.ended) this.connection.end();
  }

  private send(events: readonly JournalEvent[]): void {
    const { view, endsWithSession } = this.plan;
    if (endsWithSession && events.some(isFinalEvent)) this.ended = true;
    const fresh = this.freshAmong(events);
    if (fresh.length === 0) return;
    this.connection.send(fresh.map((event) => this.sources.texts.of(event, view)).join(''));
    this.position = fresh.at(-1)!.position;
    this.sources.sent(fresh.length);
  }

  private freshAmong(events: readonly JournalEvent[]): readonly JournalEvent[] {
    return events.filter(({ position }) => position > this.position);
  }

  private unfollow(): void {
    this.following?.stop();
    this.following = null;
  }
}
