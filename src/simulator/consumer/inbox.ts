/** What a consumer does with an event that it believes, once and in the order of `seq`. */
import type { Fault } from './faults.js';

/** What it reads of an event; everything else may be there too. */
export interface ConsumedEvent {
  type: string;
  sessionId: string | null;
  seq: number | null;
  personal?: unknown;
  personalDigest?: unknown;
}

const known = {
  types: /^(session|attempt|risk|subject|endpoint|webhook|review)\.[a-z-]+$/,
  fields: [
    'id',
    'type',
    'platform',
    'sessionId',
    'attemptId',
    'seq',
    'position',
    'at',
    'actor',
    'data',
    'personal',
    'personalDigest',
  ],
};

export class Inbox {
  /** ids, in the order in which they were acted on */
  readonly applied: string[] = [];
  private readonly seen = new Set<string>();
  /** per session the highest seq that was acted on */
  private readonly highest = new Map<string, number>();

  constructor(private readonly faults: ReadonlySet<Fault>) {}

  /** @returns the status to answer */
  take(id: string, event: ConsumedEvent): number {
    if (this.faults.has('fails-on-unknown-type') && !known.types.test(event.type)) return 500;
    if (this.faults.has('refuses-unknown-fields') && !Object.keys(event).every(isKnown)) return 400;
    if (this.faults.has('needs-personal') && event.personalDigest != null && event.personal == null) return 500;
    if (this.seen.has(id)) return this.repeated(id);
    this.seen.add(id);
    if (!this.faults.has('forgets')) this.apply(id, event);
    return 204;
  }

  /** Acts on it: here that means to note it. */
  apply(id: string, { sessionId, seq, type }: ConsumedEvent): void {
    if (sessionId === null || seq === null || !known.types.test(type)) return;
    const highest = this.highest.get(sessionId) ?? 0;
    // What is older than what is known would undo it. Gaps are no fault: an endpoint may ask for some types only.
    if (seq <= highest && !this.faults.has('order-of-arrival')) return;
    this.highest.set(sessionId, Math.max(seq, highest));
    this.applied.push(id);
  }

  private repeated(id: string): number {
    if (this.faults.has('refuses-repeats')) return 409;
    if (this.faults.has('applies-twice')) this.applied.push(id);
    return 204;
  }
}

const isKnown = (name: string): boolean => known.fields.includes(name);
