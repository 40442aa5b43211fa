import { afterEach, expect, it } from '@jest/globals';
import { describeServers } from '../support/servers.js';
import { openProcessWorld, type ProcessWorld } from '../support/process-world.js';
import { runRaces } from '../support/races.js';

describeServers('webhook, deadline and cancel at the same time, from two processes', ['postgres', 'redis'], () => {
  let world: ProcessWorld;
  afterEach(() => world.close());

  it('come to one verdict each', async () => {
    world = await openProcessWorld('servers', {
      IDENFY_REQUESTS_PER_HOUR: '10000000',
      RATE_LIMIT_PER_KEY_PER_MINUTE: '0',
    });
    const processes = [await world.start(), await world.startAnother()];
    const { won, faults } = await runRaces(world, processes, 240);
    expect(faults).toEqual([]);
    expect(Object.values(won).reduce((sum, count) => sum + count, 0)).toBe(240);
    // That it was a race at all: more than one of them won sometimes.
    expect(Object.keys(won).length).toBeGreaterThan(2);
  });
});
