/**
 * Starts the longest suites first, so that none of them runs alone at the end. Jest sorts by the times of the previous
 * run, but a fresh clone has no such times, so Jest would sort by file size.
 */
import { sep } from 'node:path';

/** The slow suites, longest first. Their times change; only the rough order matters. */
const longest = [
  'faults/kill-embedded.test.ts',
  'faults/kill-servers.test.ts',
  'flow/command-line.test.ts',
  'flow/refused-session-api.test.ts',
  'flow/clock.test.ts',
  'faults/flush-redis.test.ts',
  'servers/deliveries.test.ts',
  'regressions/command-line-failures.test.ts',
  'flow/receiver.test.ts',
  'faults/outage-under-load.test.ts',
  'flow/call-budget.test.ts',
  'flow/results-without-token.test.ts',
  'servers/races.test.ts',
  'flow/list.test.ts',
  'flow/breaker.test.ts',
  'flow/readme.test.ts',
  'faults/start-and-stop.test.ts',
  'faults/outages.test.ts',
  'flow/audit.test.ts',
  'flow/privacy.test.ts',
  'regressions/failed-start.test.ts',
  'flow/receiver-hostile.test.ts',
  'flow/evidence.test.ts',
  'unit/support.test.ts',
  'flow/attempt-table.test.ts',
  'flow/deliveries.test.ts',
  'servers/processes.test.ts',
  'flow/review.test.ts',
  'flow/flow.test.ts',
  'flow/consumers.test.ts',
  'flow/events.test.ts',
  'flow/mirror.test.ts',
  'flow/limits.test.ts',
  'flow/idempotency.test.ts',
  'flow/platforms.test.ts',
  'flow/journal.test.ts',
  'flow/operations.test.ts',
  'flow/receiver-batch.test.ts',
  'flow/subjects.test.ts',
  'flow/offline-verifier.test.ts',
  'regressions/paid-creates.test.ts',
];

const rankOf = ({ path }) => {
  const file = path.split(sep).slice(-2).join('/');
  const rank = longest.indexOf(file);
  return rank === -1 ? longest.length : rank;
};

/** Implements Jest's sequencer: @jest/test-sequencer. */
export default class LongestFirst {
  sort(tests) {
    return tests.toSorted((a, b) => rankOf(a) - rankOf(b) || (a.path < b.path ? -1 : 1));
  }

  /** For --onlyFailures, which this repository does not use. It returns all tests, because no results are stored. */
  allFailedTests(tests) {
    return this.sort(tests);
  }

  cacheResults() {}
}
