/**
 * Finds the sentinel that an identification call must follow. iDenfy's call for an identification does not contain the
 * person's scanRef. So the first call with a new clientId belongs to the oldest check that was answered IDENTIFICATION
 * and has no call yet. Later calls with that clientId belong to the same check.
 */
import { type SentinelName, wishOf } from './sentinels.js';

export class IdentificationWishes {
  /** scanRefs, oldest first */
  private readonly waiting = new Set<string>();
  private readonly byClientId = new Map<string, { scanRef: string | undefined; calls: number }>();

  /** Records that a check of this scanRef was answered IDENTIFICATION. */
  checked(scanRef: string): void {
    this.waiting.add(scanRef);
  }

  /**
   * @returns the sentinel that this call must follow, and the number of this call among those with its clientId, from 1
   */
  next(clientId: string): { name: SentinelName | null; call: number } {
    const known = this.byClientId.get(clientId) ?? { scanRef: first(this.waiting), calls: 0 };
    known.calls += 1;
    this.byClientId.set(clientId, known);
    const { scanRef, calls } = known;
    if (scanRef === undefined) return { name: null, call: calls };
    // Also for a known clientId, because the scanRef was checked again before this call.
    this.waiting.delete(scanRef);
    return { name: wishOf(scanRef)?.name ?? null, call: calls };
  }
}

function first<T>(values: Iterable<T>): T | undefined {
  const [value] = values;
  return value;
}
