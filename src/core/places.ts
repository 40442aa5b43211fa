/** Places that each holder may take at once. Holders do not share them. */
export class Places {
  private readonly taken = new Map<string, number>();

  constructor(readonly perHolder: number) {}

  hasRoom(holder: string): boolean {
    return (this.taken.get(holder) ?? 0) < this.perHolder;
  }

  /** @returns what gives the place back; null: the holder has all of theirs */
  take(holder: string): (() => void) | null {
    if (!this.hasRoom(holder)) return null;
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
