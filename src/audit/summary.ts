/** What is counted of attempts. Pure. */
import { type AttemptState, attemptStates } from '../attempts/states.js';
import { type FinalStatus, finalStatuses } from '../idenfy/contract.js';

/** So many attempts of one kind. */
export interface Count {
  state: AttemptState;
  outcome: FinalStatus | null;
  failReason: string | null;
  attempts: number;
}

/** Seconds from the handing out of a code to the end of its attempt, of those that came to an outcome. */
export interface Durations {
  median: number | null;
  p95: number | null;
}

export interface Summary {
  attempts: number;
  byState: Record<AttemptState, number>;
  byOutcome: Record<FinalStatus, number>;
  byFailReason: Record<string, number>;
  conversionRate: number | null;
  medianSeconds: number | null;
  p95Seconds: number | null;
}

export function summarize(counts: readonly Count[], { median, p95 }: Durations): Summary {
  const sum = (which: (count: Count) => boolean): number =>
    counts.reduce((total, count) => total + (which(count) ? count.attempts : 0), 0);
  const reasons = [...new Set(counts.flatMap(({ failReason }) => failReason ?? []))].sort();
  const passed = sum(({ state }) => state === 'passed');
  const finished = passed + sum(({ state }) => state === 'retry');
  return {
    attempts: sum(() => true),
    byState: tally(attemptStates, (name) => sum(({ state }) => state === name)),
    byOutcome: tally(finalStatuses, (name) => sum(({ outcome }) => outcome === name)),
    byFailReason: tally(reasons, (name) => sum(({ failReason }) => failReason === name)),
    // Void attempts had no chance and live ones have it still: neither says anything of how many get through.
    conversionRate: finished === 0 ? null : passed / finished,
    medianSeconds: toMilliseconds(median),
    p95Seconds: toMilliseconds(p95),
  };
}

const tally = <Name extends string>(names: readonly Name[], count: (name: Name) => number): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, count(name)])) as Record<Name, number>;

const toMilliseconds = (seconds: number | null): number | null =>
  seconds === null ? null : Math.round(seconds * 1000) / 1000;
