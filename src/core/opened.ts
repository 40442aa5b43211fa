/** What a program has opened, to be closed in the opposite order: a thing goes before what it stands on. */
export class Opened {
  private readonly closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.closers.push(close);
  }

  /**
   * Closes everything, also when something before has failed to close.
   *
   * @throws the first error of all
   */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.closers.splice(0).reverse()) {
      await close().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }

  /**
   * Closes everything after a failure, which is the error that counts: errors of closing are left aside, and what does
   * not close within this time is left open.
   */
  async abandon(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, withinMs)));
    await Promise.race([this.close().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}
