import { JobDispatcher } from '../../src/queue/job-dispatcher.js';
import type { World } from './world.js';

/** Has the worker forget what is over now rather than at the next round of its schedule. */
export async function runRetention(world: World): Promise<void> {
  await world.service.service.app.get(JobDispatcher, { strict: false }).queue('upkeep').add('retention', {});
}
