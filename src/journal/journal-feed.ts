import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Reach } from '../core/reach.js';
import { DatabaseUnavailable } from '../database/database-errors.js';
import type { EventType } from './event-types.js';
import { type JournalEvent, platformOf } from './journal-event.js';
import { JournalStore } from './journal.store.js';
import { JournalTail } from './journal-tail.js';

/** Most events that are handed on at once. */
const pageSize = 250;

/** The events that a reader wants and may see. */
export interface Interest {
  reach: Reach;
  sessionId?: string;
  types?: readonly EventType[];
}

export interface Follower extends Interest {
  /**
   * Events that fit, in order. Some may have been handed before: who follows passes over what is not after its own
   * position. Must not throw.
   */
  take(events: readonly JournalEvent[]): void;
}

/**
 * The end of the journal as it grows, read once for everybody in this process who follows it: who waits for something
 * else costs no query. It keeps nothing, so whoever falls behind reads the journal itself and follows again.
 */
@Injectable()
export class JournalFeed implements BeforeApplicationShutdown {
  private readonly logger = new Logger(JournalFeed.name);
  /** admitted before the next page is read, together with the position they know everything up to */
  private readonly joining = new Map<Follower, number>();
  private readonly everybodys = new Set<Follower>();
  private readonly bySession = new Map<string, Set<Follower>>();
  private readonly waiting = new Set<() => void>();
  private watching: { stop: () => void } | null = null;
  /** everything up to it was handed to those who follow; null: nobody does */
  private position: number | null = null;
  private reading = false;
  private grown = false;
  private over = false;

  constructor(
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JournalTail) private readonly tail: JournalTail,
  ) {}

  /** A position up to which everything can be read; to be asked before reading, and given to `follow` after it. */
  async head(): Promise<number> {
    return this.position ?? (await this.journal.head());
  }

  /** @param from what `head` said before the last reading that found nothing more */
  follow(follower: Follower, from: number): { stop: () => void } {
    this.joining.set(follower, from);
    this.watching ??= this.tail.watch(() => void this.readOn());
    void this.readOn();
    return { stop: () => this.leave(follower) };
  }

  /**
   * Waits for events, at most so long.
   * @param abandoned aborts when the reader has gone
   * @returns events that came together; null if none came, the reader has gone or the process is stopping
   */
  async next(
    interest: Interest & { after: number },
    from: number,
    milliseconds: number,
    abandoned?: AbortSignal,
  ): Promise<readonly JournalEvent[] | null> {
    if (this.over || abandoned?.aborted) return null;
    let came: readonly JournalEvent[] | null = null;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        abandoned?.removeEventListener('abort', done);
        this.waiting.delete(done);
        following.stop();
        resolve();
      };
      const take = (events: readonly JournalEvent[]) => {
        came = events.filter(({ position }) => position > interest.after);
        if (came.length > 0) done();
      };
      const timer = setTimeout(done, milliseconds);
      this.waiting.add(done);
      abandoned?.addEventListener('abort', done);
      const following = this.follow({ ...interest, take }, from);
    });
    return came;
  }

  beforeApplicationShutdown(): void {
    this.over = true;
    this.watching?.stop();
    for (const done of this.waiting) done();
  }

  private leave(follower: Follower): void {
    this.joining.delete(follower);
    this.everybodys.delete(follower);
    const { sessionId } = follower;
    const others = sessionId === undefined ? undefined : this.bySession.get(sessionId);
    others?.delete(follower);
    if (sessionId !== undefined && others?.size === 0) this.bySession.delete(sessionId);
  }

  /** However often the journal grows meanwhile: one query at a time. */
  private async readOn(): Promise<void> {
    this.grown = true;
    if (this.reading) return;
    this.reading = true;
    try {
      while (this.grown && !this.over) await this.readPage();
    } catch (error) {
      // The tail calls again within a second.
      if (error instanceof DatabaseUnavailable) this.logger.debug(error.message);
      else this.logger.error(`the journal cannot be read: ${String(error)}`);
    } finally {
      this.reading = false;
    }
  }

  private async readPage(): Promise<void> {
    this.grown = false;
    const after = this.admit();
    if (after === null) return;
    const page = await this.journal.read({ reach: Reach.all, after, limit: pageSize });
    this.position = page.at(-1)?.position ?? after;
    this.hand(page);
    if (page.length === pageSize) this.grown = true;
  }

  /** Nobody joins while a page is being read: it might begin after what the newcomer knows. */
  private admit(): number | null {
    for (const [follower, from] of this.joining) {
      const { sessionId } = follower;
      if (sessionId === undefined) this.everybodys.add(follower);
      else this.bySession.set(sessionId, (this.bySession.get(sessionId) ?? new Set()).add(follower));
      this.position = Math.min(this.position ?? from, from);
    }
    this.joining.clear();
    if (this.everybodys.size > 0 || this.bySession.size > 0) return this.position;
    this.watching?.stop();
    this.watching = null;
    this.position = null;
    return null;
  }

  private hand(page: readonly JournalEvent[]): void {
    if (page.length === 0) return;
    for (const follower of this.everybodys) give(follower, page);
    for (const sessionId of new Set(page.map((event) => event.sessionId))) {
      const followers = this.bySession.get(sessionId ?? '');
      if (!followers) continue;
      const events = page.filter((event) => event.sessionId === sessionId);
      for (const follower of followers) give(follower, events);
    }
  }
}

function give(follower: Follower, events: readonly JournalEvent[]): void {
  const { types, reach } = follower;
  const wanted = types && types.length > 0 ? events.filter(({ type }) => types.includes(type)) : events;
  const fitting = reach === Reach.all ? wanted : wanted.filter((event) => reach.covers(platformOf(event)));
  if (fitting.length > 0) follower.take(fitting);
}
