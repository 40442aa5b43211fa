/** Prints "<passed> <failed>" of Jest's JSON results. In CI a test that did not run has not passed. */
import { readFileSync } from 'node:fs';

const results = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numTotalTests, testResults } = results;

// A file that could not run, or that left something open, has no failed test of its own that would tell of it.
const brokenFiles = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
);
const notRun = numPendingTests + numTodoTests;
const explained = numFailedTests + brokenFiles.length + notRun;
// With neither a failure nor a pass something went wrong that the numbers do not tell.
const untold = explained === 0 && (!results.success || numTotalTests === 0) ? 1 : 0;

const again = testResults.flatMap(({ assertionResults }) =>
  assertionResults.filter(({ invocations }) => invocations > 1),
);
for (const { fullName, status } of again) process.stderr.write(`run twice, ${status} at last: ${fullName}\n`);
for (const { name } of brokenFiles) process.stderr.write(`could not run, or left something open: ${name}\n`);
if (notRun > 0) process.stderr.write(`${notRun} tests were skipped; in CI that is a failure\n`);
process.stdout.write(`${numPassedTests} ${explained + untold}\n`);
