const firstMs = 500;
const longestMs = 60_000;

/** Doubling from half a second to a minute, each drawn from its upper half so that many do not come back at once. */
export function backoffMs(tries: number, random: () => number = Math.random): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(tries, 20));
  return Math.round(full * (0.5 + random() / 2));
}

/** After so long without an answer from iDenfy nobody asks any more, and we say what we take it for. */
export const patienceMs = 24 * 3_600_000;

/** @param retryAfterSeconds what iDenfy asked for; null: our own back-off */
export function delayMs(retryAfterSeconds: number | null, tries: number): number {
  return retryAfterSeconds === null ? backoffMs(tries) : Math.ceil(retryAfterSeconds * 1000);
}
