/** Computes the summary from counts of attempts and sessions. Pure. */
import { type AttemptState, attemptStates, type SessionStatus, sessionStatuses } from '../attempts/states.js';
import { type FinalStatus, finalStatuses } from '../idenfy/contract.js';

/** The number of attempts that are alike in these members. */
export interface AttemptCount {
  state: AttemptState;
  outcome: FinalStatus | null;
  failReason: string | null;
  /** for a pass that was held and is not granted: the status of its session; otherwise null */
  heldStatus: SessionStatus | null;
  count: number;
}

/** The number of sessions with one status. */
export interface SessionCount {
  status: SessionStatus;
  count: number;
}

/** Seconds from the hand-out of a code to the end of its attempt, for attempts that have an outcome. */
export interface Durations {
  median: number | null;
  p95: number | null;
}

export interface Summary {
  attempts: number;
  byState: Record<AttemptState, number>;
  byOutcome: Record<FinalStatus, number>;
  byFailReason: Record<string, number>;
  sessions: number;
  bySessionStatus: Record<SessionStatus, number>;
  conversionRate: number | null;
  medianSeconds: number | null;
  p95Seconds: number | null;
}

export function summarize(
  attempts: readonly AttemptCount[],
  sessions: readonly SessionCount[],
  { median, p95 }: Durations,
): Summary {
  const sum = (which: (count: AttemptCount) => boolean): number => sumOf(attempts.filter(which));
  const reasons = [...new Set(attempts.flatMap(({ failReason }) => failReason ?? []))].sort();
  const granted = sum(({ state, heldStatus }) => state === 'passed' && heldStatus === null);
  // Void attempts could not pass. Live attempts, and passes that wait for a review, still can.
  const finished = sum(
    ({ state, heldStatus }) => state === 'retry' || (state === 'passed' && heldStatus !== 'in-review'),
  );
  return {
    attempts: sum(() => true),
    byState: tally(attemptStates, (name) => sum(({ state }) => state === name)),
    byOutcome: tally(finalStatuses, (name) => sum(({ outcome }) => outcome === name)),
    byFailReason: tally(reasons, (name) => sum(({ failReason }) => failReason === name)),
    sessions: sumOf(sessions),
    bySessionStatus: tally(sessionStatuses, (name) => sumOf(sessions.filter(({ status }) => status === name))),
    conversionRate: finished === 0 ? null : granted / finished,
    medianSeconds: toMilliseconds(median),
    p95Seconds: toMilliseconds(p95),
  };
}

const sumOf = (counts: readonly { count: number }[]): number => counts.reduce((total, { count }) => total + count, 0);

const tally = <Name extends string>(names: readonly Name[], count: (name: Name) => number): Record<Name, number> =>
  Object.fromEntries(names.map((name) => [name, count(name)])) as Record<Name, number>;

const toMilliseconds = (seconds: number | null): number | null =>
  seconds === null ? null : Math.round(seconds * 1000) / 1000;
