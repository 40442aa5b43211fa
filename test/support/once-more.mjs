/**
 * With CI=true a test that fails is run once more, after the others of its suite: real processes, killed at chance moments
 * on a machine that does other things as well, meet a time limit now and then. Each is printed with its error, and .ci/run
 * names it at the end, so that none hides.
 */
import { jest } from '@jest/globals';

if (process.env.CI === 'true') jest.retryTimes(1, { logErrorsBeforeRetry: true });
