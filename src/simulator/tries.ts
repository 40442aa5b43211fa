/** Counts the calls for each scanRef, or token, for the failures that pass. */
export class Tries {
  private readonly counts = new Map<string, number>();

  /** @returns 1 the first time */
  next(call: 'check' | 'create' | 'read', about: string): number {
    const key = `${call} ${about}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    return count;
  }
}
