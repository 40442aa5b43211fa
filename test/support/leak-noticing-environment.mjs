/** Jest's Node environment that fails a test file which leaves servers, sockets or child processes behind. */
import { TestEnvironment } from 'jest-environment-node';

/** What keeps a process from ending, by Node's names for it; timers are left out, Jest has its own. */
const kinds = ['TCPServerWrap', 'TCPSocketWrap', 'ProcessWrap', 'Worker'];

/**
 * A closed socket disappears after a few turns of the event loop, and an idle keep-alive connection of fetch after 4 s.
 * The rest is for slow machines. Only a leak waits for the whole time.
 */
const patienceMilliseconds = 60_000;

const held = () => process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind));
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export default class LeakNoticingEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.heldBefore = held().length;
  }

  async teardown() {
    await super.teardown();
    const until = Date.now() + patienceMilliseconds;
    while (held().length > this.heldBefore && Date.now() < until) await pause(20);
    const left = held();
    if (left.length > this.heldBefore) throw new Error(`the test file left open: ${left.join(', ')}`);
  }
}
