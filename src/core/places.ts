/** Limits how many places each holder has at the same time. */
export class Places {
  private readonly taken = new Map<string, number>();

  /** @param most places of one holder */
  hasRoom(holder: string, most: number): boolean {
    return (this.taken.get(holder) ?? 0) < most;
  }

  /** @returns a function that gives the place back */
  take(holder: string): () => void {
    this.change(holder, 1);
    let held = true;
    return () => {
      if (held) this.change(holder, -1);
      held = false;
    };
  }

  private change(holder: string, by: 1 | -1): void {
    const count = (this.taken.get(holder) ?? 0) + by;
    if (count === 0) this.taken.delete(holder);
    else this.taken.set(holder, count);
  }
}
