import { beforeAll } from '@jest/globals';
import { AccessLog } from '../../src/audit/access-log.service.js';
import type { World } from './world.js';

/**
 * For suites that compare the whole journal, in which it must not grow because they read it. Reads are not recorded there;
 * test/flow/audit.test.ts tests that they are.
 */
export function quietJournal(world: () => World): void {
  beforeAll(() => {
    const log = world().service.service.app.get(AccessLog, { strict: false });
    Object.assign(log, { tell: () => Promise.resolve() });
  });
}
