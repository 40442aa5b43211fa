import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { withoutLogFields } from '../core/log-context.js';
import { Database } from '../database/database.js';

/** NOTIFY goes out on it in the transaction that seals. */
export const journalChannel = 'facecode_journal';

/** A notification may be lost with its connection; so often watchers look all the same. */
const lookAgainMs = 1000;

/** Tells readers in this process that the journal may have grown, whoever has sealed. It does not know what they read. */
@Injectable()
export class JournalTail implements BeforeApplicationShutdown {
  private readonly watchers = new Set<() => void>();
  private listening: { stop: () => void } | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(@Inject(Database) private readonly database: Database) {}

  /** @param grown is also called when nothing was sealed, about once a second; must not throw */
  watch(grown: () => void): { stop: () => void } {
    this.watchers.add(grown);
    this.start();
    return { stop: () => void this.watchers.delete(grown) };
  }

  /** Nobody reads on for the readers of a process that is stopping. */
  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
    this.listening?.stop();
  }

  private start(): void {
    // Both outlive the request that starts them, so their log lines name none.
    withoutLogFields(() => {
      this.listening ??= this.database.listen(journalChannel, () => this.tell());
      this.timer ??= setInterval(() => this.tell(), lookAgainMs).unref();
    });
  }

  private tell(): void {
    for (const grown of this.watchers) grown();
  }
}
