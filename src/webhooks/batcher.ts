import { withoutLogFields } from '../core/log-context.js';

/** Items that arrive while a batch runs form the next batch. An item that comes alone does not wait for others. */
export interface BatchLimits<Item> {
  itemsMax: number;
  /** of all items of a batch together; one that is heavier goes alone */
  weightMax: number;
  weigh: (item: Item) => number;
  /** so many items may wait; a further one is not taken */
  waitingMax: number;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
  /** its batch failed, so it goes by itself */
  alone: boolean;
}

export class Batcher<Item, Result> {
  private readonly waiting: Waiting<Item, Result>[] = [];
  private running = false;

  /**
   * @param run does all of a batch or nothing of it; its results are in the order of the items
   * @param isOutage whether an error would meet every other item as well
   */
  constructor(
    private readonly limits: BatchLimits<Item>,
    private readonly run: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly isOutage: (error: unknown) => boolean,
  ) {}

  /** @returns null when too many wait already; rejects with the error of the item itself, or of an outage */
  add(item: Item): Promise<Result> | null {
    if (this.waiting.length >= this.limits.waitingMax) return null;
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject, alone: false });
      // The batches belong to many requests, so their log lines name none.
      if (!this.running) void withoutLogFields(() => this.drain());
    });
  }

  private async drain(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) await this.runNext();
    this.running = false;
  }

  private async runNext(): Promise<void> {
    const batch = this.take();
    try {
      const results = await this.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, at) => resolve(results[at]!));
    } catch (error) {
      if (this.isOutage(error)) {
        for (const { reject } of [...batch, ...this.waiting.splice(0)]) reject(error);
      } else if (batch.length === 1) {
        batch[0]!.reject(error);
      } else {
        // One of them is bad, and which one is seen when each goes alone.
        this.waiting.unshift(...batch.map((entry) => ({ ...entry, alone: true })));
      }
    }
  }

  private take(): Waiting<Item, Result>[] {
    if (this.waiting[0]?.alone) return this.waiting.splice(0, 1);
    let weight = 0;
    let count = 0;
    for (const { item } of this.waiting) {
      weight += this.limits.weigh(item);
      if (count === this.limits.itemsMax || (count > 0 && weight > this.limits.weightMax)) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }
}
