import { describe, expect, it } from '@jest/globals';
import { Opened } from '../../src/core/opened.js';

describe('what was opened', () => {
  const openedThree = (second: () => Promise<void>) => {
    const closed: string[] = [];
    const opened = new Opened();
    opened.add(async () => void closed.push('first'));
    opened.add(second);
    opened.add(async () => void closed.push('third'));
    return { opened, closed };
  };

  it('is closed in the opposite order, even if something fails to close, and that error is thrown', async () => {
    const { opened, closed } = openedThree(() => Promise.reject(new Error('stuck')));
    await expect(opened.close()).rejects.toThrow('stuck');
    expect(closed).toEqual(['third', 'first']);
    await opened.close();
    expect(closed).toHaveLength(2);
  });

  it('is left open after a failure if it does not close in time', async () => {
    const { opened, closed } = openedThree(() => new Promise(() => undefined));
    await opened.abandon(10);
    expect(closed).toEqual(['third']);
  });
});
