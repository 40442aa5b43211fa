/** When a delivery is tried: a plain list. */
const seconds = 1;
const minutes = 60;
const hours = 3600;

/** Between one try and the next, from the moment the delivery is made: eleven tries over some 76 hours. */
export const delaysSeconds: readonly number[] = [
  0,
  5 * seconds,
  30 * seconds,
  2 * minutes,
  15 * minutes,
  1 * hours,
  3 * hours,
  6 * hours,
  12 * hours,
  24 * hours,
  30 * hours,
];

/** What failed together must not come again together. */
const jitter = 0.1;

/** An endpoint may ask for patience, not for eternity. */
const retryAfterSecondsMax = 24 * hours;

/**
 * @param tries how many there were
 * @param random from 0 to 1
 * @returns seconds until the next try; null: that was the last one
 */
export function nextDelaySeconds(tries: number, random: number): number | null {
  const delay = delaysSeconds[tries];
  return delay === undefined ? null : delay * (1 - jitter + 2 * jitter * random);
}

/** The two forms of RFC 9110 (10.2.3). @returns seconds within bounds; null: none was asked for */
export function retryAfterSeconds(header: string | null, now: Date): number | null {
  const text = header?.trim() ?? '';
  const asked = /^\d{1,12}$/.test(text) ? Number(text) : secondsUntil(text, now);
  return asked === null || asked <= 0 ? null : Math.min(asked, retryAfterSecondsMax);
}

function secondsUntil(text: string, now: Date): number | null {
  // Only what looks like an HTTP date: Date.parse takes much more for one.
  const time = /^[A-Z][a-z]{2}.* GMT$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? null : (time - now.getTime()) / 1000;
}
