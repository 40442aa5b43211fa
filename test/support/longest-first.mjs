/**
 * Starts the longest suites first, so that no worker ends up alone with one of them. Jest does the same by the times of
 * the run before, but a fresh clone has none, and then it goes by the size of the files.
 */
import { sep } from 'node:path';

/** Those that take longer than the others, longest first. The times change; only the rough order matters. */
const longest = [
  'faults/kill-embedded.test.ts',
  'faults/kill-servers.test.ts',
  'flow/command-line.test.ts',
  'flow/clock.test.ts',
  'faults/flush-redis.test.ts',
  'servers/deliveries.test.ts',
  'regressions/command-line-failures.test.ts',
  'flow/receiver.test.ts',
  'faults/outage-under-load.test.ts',
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

/** What Jest asks of a sequencer: @jest/test-sequencer. */
export default class LongestFirst {
  sort(tests) {
    return tests.toSorted((a, b) => rankOf(a) - rankOf(b) || (a.path < b.path ? -1 : 1));
  }

  /** For --onlyFailures, which this repository does not use: there is no memory of the run before. */
  allFailedTests(tests) {
    return this.sort(tests);
  }

  cacheResults() {}
}
