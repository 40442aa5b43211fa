const pollMilliseconds = 20;

/** Much longer than any condition needs: a busy machine may need twenty times as long as an idle one. */
const patienceSeconds = 120;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export interface Patience {
  /** what is waited for, for the error */
  readonly what: string;
  readonly withinSeconds?: number;
}

/**
 * Asks until the answer is truthy, and gives that answer. What the condition throws ends the waiting.
 *
 * @throws Error naming what was waited for, when the time is over
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, withinSeconds = patienceSeconds }: Patience,
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const until = performance.now() + withinSeconds * 1000;
  for (;;) {
    const answer = await condition();
    if (answer) return answer as Exclude<T, false | null | undefined | 0 | ''>;
    if (performance.now() >= until) throw new Error(`waited ${withinSeconds} s in vain for ${what}`);
    await pause(pollMilliseconds);
  }
}
