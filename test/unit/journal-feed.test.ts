import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Reach } from '../../src/core/reach.js';
import { JournalFeed } from '../../src/journal/journal-feed.js';
import type { JournalEvent } from '../../src/journal/journal-event.js';
import type { EventFilter } from '../../src/journal/journal.store.js';

/** The schedule decides which of the readings under way comes to its end next, and what happens in between. */
class Journal {
  readonly events: JournalEvent[] = [];
  private readonly underWay: (() => void)[] = [];
  private readonly watchers = new Set<() => void>();

  /** The session is named like its platform. */
  grow(sessionId: string): void {
    const event = { position: this.events.length + 1, sessionId, platform: sessionId, type: 'attempt.issued' };
    this.events.push(event as JournalEvent);
    this.tell();
  }

  head(): Promise<number> {
    return this.later(() => this.events.length);
  }

  read({ reach, after, limit, sessionId }: EventFilter): Promise<JournalEvent[]> {
    return this.later(() => this.fitting(reach, after, sessionId).slice(0, limit));
  }

  fitting(reach: Reach, after: number, sessionId?: string): JournalEvent[] {
    return this.events.filter(
      (event) =>
        event.position > after &&
        (sessionId ?? event.sessionId) === event.sessionId &&
        (reach.platform ?? event.platform) === event.platform,
    );
  }

  watch(grown: () => void): { stop: () => void } {
    this.watchers.add(grown);
    return { stop: () => void this.watchers.delete(grown) };
  }

  tell(): void {
    for (const grown of this.watchers) grown();
  }

  async finish(which: number): Promise<void> {
    if (this.underWay.length > 0) this.underWay.splice(which % this.underWay.length, 1)[0]!();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async settle(): Promise<void> {
    this.tell();
    while (this.underWay.length > 0) await this.finish(0);
  }

  /** What is read is what was there when it was asked for, or at the end: a database may do either. */
  private later<T>(answer: () => T): Promise<T> {
    const early = answer();
    return new Promise((resolve) => this.underWay.push(() => resolve(this.events.length % 2 ? early : answer())));
  }
}

/** Reads until there is no more, then follows, as streams and polls do. */
async function reader(journal: Journal, feed: JournalFeed, reach: Reach, after: number, sessionId?: string) {
  const seen: number[] = [];
  const take = (events: readonly JournalEvent[]) => {
    for (const { position } of events) if (position > (seen.at(-1) ?? after)) seen.push(position);
  };
  const start = async () => {
    const head = await feed.head();
    take(await journal.read({ reach, after, limit: 1000, sessionId }));
    return feed.follow({ reach, take, sessionId }, head);
  };
  const started = start();
  return { seen, started, reach, after, sessionId };
}

const step = fc.oneof(
  fc.record({ kind: fc.constant('grow' as const), session: fc.constantFrom('a', 'b') }),
  fc.record({ kind: fc.constant('finish' as const), which: fc.nat(9) }),
  fc.record({
    kind: fc.constant('join' as const),
    session: fc.constantFrom('a', 'b', undefined),
    platform: fc.constantFrom('a', 'b', '*'),
    after: fc.nat(12),
  }),
  fc.record({ kind: fc.constant('leave' as const), which: fc.nat(9) }),
);

it('hands everybody exactly what comes after what they have read, in whatever order things happen', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const journal = new Journal();
      const feed = new JournalFeed(journal as never, journal as never);
      const readers: Awaited<ReturnType<typeof reader>>[] = [];
      const gone: typeof readers = [];
      for (const one of steps) {
        if (one.kind === 'grow') journal.grow(one.session);
        if (one.kind === 'finish') await journal.finish(one.which);
        if (one.kind === 'join')
          readers.push(await reader(journal, feed, Reach.of(one.platform), one.after, one.session));
        if (one.kind === 'leave' && readers.length > 0) {
          const [leaver] = readers.splice(one.which % readers.length, 1);
          void leaver!.started.then(({ stop }) => stop());
          gone.push(leaver!);
        }
      }
      await journal.settle();
      await Promise.all([...readers, ...gone].map(({ started }) => started));
      await journal.settle();
      const due = ({ reach, after, sessionId }: (typeof readers)[number]) =>
        journal.fitting(reach, after, sessionId).map(({ position }) => position);
      for (const one of readers) expect(one.seen).toEqual(due(one));
      // Who has left saw a beginning of it.
      for (const one of gone) expect(one.seen).toEqual(due(one).slice(0, one.seen.length));
    }),
    { numRuns: 500 },
  );
});
