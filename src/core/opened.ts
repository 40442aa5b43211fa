/** Closes what a program has opened, in the opposite order: each part before the parts that it uses. */
export class Opened {
  private readonly closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.closers.push(close);
  }

  /**
   * Closes everything, even if something fails to close.
   *
   * @throws the first error
   */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.closers.splice(0).reverse()) {
      await close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }

  /**
   * Closes everything after a failure. The caller throws that failure, so errors while closing are ignored. Parts
   * that do not close within this time stay open.
   */
  async abandon(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
    await Promise.race([this.close().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}
