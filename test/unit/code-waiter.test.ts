import { describe, expect, it } from '@jest/globals';
import type { AttemptsStore } from '../../src/attempts/attempts.store.js';
import { readSettings } from '../../src/config/read-settings.js';
import type { CodesEvents } from '../../src/queue/codes-events.js';
import { CodeWaiter } from '../../src/sessions/code-waiter.js';
import { testEnvironment } from '../support/test-environment.js';

describe('waiting for a code', () => {
  it('looks a few times, not without a pause, when word has come and there is no code all the same', async () => {
    const settings = readSettings(testEnvironment('/dev/null/unused', { CREATE_WAIT_SECONDS: '0.6' }));
    let looks = 0;
    const store = {
      find: async () => {
        looks += 1;
        return { attempts: [{ id: 'att_1', state: 'requested' }] };
      },
    };
    const waiter = new CodeWaiter(store as unknown as AttemptsStore, {} as CodesEvents, settings);
    await waiter.wait('ses_1', 'att_1', Promise.resolve());
    expect(looks).toBeLessThan(20);
  });
});
