import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
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
  private over = false;

  constructor(@Inject(Database) private readonly database: Database) {}

  /** @param grown is also called when nothing was sealed, about once a second; must not throw */
  watch(grown: () => void): { stop: () => void } {
    this.watchers.add(grown);
    this.start();
    return { stop: () => void this.watchers.delete(grown) };
  }

  /**
   * Resolves when the journal may have grown, at the latest after so long.
   * @returns false when the process is stopping: then nobody should wait any more
   */
  async wait(milliseconds: number): Promise<boolean> {
    if (this.over) return false;
    let timer: NodeJS.Timeout | undefined;
    let watching: { stop: () => void } | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
      watching = this.watch(resolve);
    });
    clearTimeout(timer);
    watching?.stop();
    return !this.over;
  }

  /** Before the server waits for its last requests, so that those which wait for the journal are answered. */
  beforeApplicationShutdown(): void {
    this.over = true;
    clearInterval(this.timer);
    this.listening?.stop();
    this.tell();
  }

  private start(): void {
    this.listening ??= this.database.listen(journalChannel, () => this.tell());
    this.timer ??= setInterval(() => this.tell(), lookAgainMs).unref();
  }

  private tell(): void {
    for (const grown of this.watchers) grown();
  }
}
