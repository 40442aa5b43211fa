/** Which time a summary is about. Pure. */

export const buckets = ['hour', 'day'] as const;
export type Bucket = (typeof buckets)[number];

const hourMs = 3_600_000;
const lengthMs = { hour: hourMs, day: 24 * hourMs } as const satisfies Record<Bucket, number>;
const defaultMs = { hour: 24 * hourMs, day: 30 * 24 * hourMs } as const satisfies Record<Bucket, number>;

/** Enough for 41 days by the hour, and small enough to be answered at once. */
export const bucketsMax = 1000;

export interface Window {
  /** inclusive */
  from: Date;
  /** exclusive */
  to: Date;
  bucket: Bucket;
}

/** @returns why there is no such window */
export function windowOf(
  { from, to, bucket }: { from?: Date; to?: Date; bucket: Bucket },
  now: Date,
): Window | 'empty' | 'too-long' {
  const end = to ?? now;
  const start = from ?? new Date(end.getTime() - defaultMs[bucket]);
  if (start >= end) return 'empty';
  const window = { from: start, to: end, bucket };
  return countOf(window) > bucketsMax ? 'too-long' : window;
}

/** When each bucket begins: whole hours or days of UTC, of which the first and the last may be covered in part only. */
export function startsOf(window: Window): Date[] {
  return Array.from({ length: countOf(window) }, (_, nth) => new Date(firstOf(window) + nth * lengthMs[window.bucket]));
}

const countOf = (window: Window): number =>
  Math.ceil((window.to.getTime() - firstOf(window)) / lengthMs[window.bucket]);

const firstOf = ({ from, bucket }: Window): number => Math.floor(from.getTime() / lengthMs[bucket]) * lengthMs[bucket];
