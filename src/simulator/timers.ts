/** Every wait of the simulator, so that closing it leaves none behind. */

/** setTimeout fires at once above this; a lifetime of 30 days is above it. */
const longestStepMilliseconds = 2 ** 31 - 1;

interface Entry {
  handle?: NodeJS.Timeout;
  readonly run: () => void;
  /** told when the simulator closes before the time is up */
  readonly abandoned: () => void;
}

export class Timers {
  private readonly entries = new Set<Entry>();
  private closed = false;

  /** @returns a function that calls it off */
  after(milliseconds: number, run: () => void, abandoned: () => void = () => undefined): () => void {
    const entry: Entry = { run, abandoned };
    if (this.closed) {
      abandoned();
      return () => undefined;
    }
    this.entries.add(entry);
    this.arm(entry, milliseconds);
    return () => this.drop(entry);
  }

  /** Also comes back when the simulator closes. */
  wait(seconds: number): Promise<void> {
    return new Promise((resolve) => this.after(seconds * 1000, resolve, resolve));
  }

  close(): void {
    this.closed = true;
    for (const entry of this.entries) {
      this.drop(entry);
      entry.abandoned();
    }
  }

  private arm(entry: Entry, milliseconds: number): void {
    const step = Math.min(milliseconds, longestStepMilliseconds);
    entry.handle = setTimeout(() => {
      if (milliseconds > step) return this.arm(entry, milliseconds - step);
      this.drop(entry);
      entry.run();
    }, step);
    entry.handle.unref();
  }

  private drop(entry: Entry): void {
    clearTimeout(entry.handle);
    this.entries.delete(entry);
  }
}
