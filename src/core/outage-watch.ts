import { withoutLogFields } from './log-context.js';

const lookAgainMs = 500;

/**
 * Logs one line when a server goes away and one when it is back, however many requests, jobs and connections notice it.
 * An error is only a suspicion: the server counts as away if it then does not answer.
 */
export class OutageWatch {
  private watching = false;
  private stopped = false;

  /**
   * @param name the server's name for the log
   * @param answers whether the server answers now; never rejects
   */
  constructor(
    private readonly name: string,
    private readonly answers: () => Promise<boolean>,
    private readonly log: { warn(line: string): void; log(line: string): void },
  ) {}

  /** @param why what was noticed, for the log line */
  suspect(why: string): void {
    if (this.watching || this.stopped) return;
    this.watching = true;
    void withoutLogFields(() => this.watch(why));
  }

  /** The process is stopping: connections that close now are not an outage. */
  stop(): void {
    this.stopped = true;
  }

  private async watch(why: string): Promise<void> {
    const began = performance.now();
    if (!(await this.answers()) && !this.stopped) {
      this.log.warn(`${this.name} is away: ${why}`);
      while (!this.stopped && !(await this.answers())) await pause();
      if (!this.stopped) this.log.log(`${this.name} is back after ${Math.ceil((performance.now() - began) / 1000)} s`);
    }
    this.watching = false;
  }
}

const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, lookAgainMs).unref());
