/** No turn became free in time. */
export class NoTurn extends Error {}

/** Lets a fixed number of pieces of work run at once. The others wait for their turn, in the order in which they came. */
export class Turns {
  private running = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly atOnce: number) {}

  /**
   * @param patienceMs how long the work may wait for its turn
   * @throws NoTurn if it would have to wait longer
   */
  async run<T>(work: () => Promise<T>, patienceMs: number | null = null): Promise<T> {
    if (this.running < this.atOnce) this.running += 1;
    else await this.turn(patienceMs);
    try {
      return await work();
    } finally {
      this.passOn();
    }
  }

  private turn(patienceMs: number | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.waiting.delete(begin);
        reject(new NoTurn(`no turn within ${patienceMs} ms`));
      };
      const timer = patienceMs === null ? undefined : setTimeout(giveUp, patienceMs);
      const begin = () => {
        clearTimeout(timer);
        resolve();
      };
      this.waiting.add(begin);
    });
  }

  /** Gives the turn to the work that has waited longest; otherwise the turn is free again. */
  private passOn(): void {
    const [next] = this.waiting;
    if (next) {
      this.waiting.delete(next);
      next();
    } else this.running -= 1;
  }
}
