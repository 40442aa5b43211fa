/** The steps of the flow, and a fault between any two of them. */
import { afterEach, expect, it } from '@jest/globals';
import { openProcessWorld, type ProcessWorld, type Running } from './process-world.js';
import { waitFor } from './wait-for.js';
import type { SessionBody } from './client.js';
import type { StoreName } from './store.js';

/** A call that was under way when its process died may be repeated after its deadline and a little more. */
const quick = { IDENFY_TIMEOUT_SECONDS: '3', CREATE_WAIT_SECONDS: '1' };

/**
 * The flow up to the step, the fault, then the rest of the flow: it must end in the same verdict. `fault` gives the
 * process to go on with.
 */
export function survives(
  store: StoreName,
  fault: (world: ProcessWorld, running: Running) => Promise<Running>,
  variables: () => Record<string, string> = () => ({}),
): void {
  let world: ProcessWorld;
  let running: Running;
  afterEach(() => world.close());

  const open = async (more: Record<string, string> = {}) => {
    world = await openProcessWorld(store, { ...quick, ...variables() });
    running = await world.start(more);
  };
  const accept = async (scanRef: string, rest: object = {}) => {
    const answer = await running.client.post('/v1/sessions', { scanRef, reveal: false, ...rest });
    expect([201, 202]).toContain(answer.status);
    return answer.body as SessionBody;
  };
  const issued = (id: string, number = 1) =>
    running.client.until(
      id,
      `code ${number}`,
      ({ attempt }) => attempt?.number === number && attempt.state === 'issued',
    );
  const reveal = async (id: string) => {
    // 503 says that nothing was done, and to repeat it: a server that was just killed may not be back, or be slow.
    const ask = async () => {
      const answer = await running.client.post(`/v1/sessions/${id}/code`);
      return answer.status === 503 ? null : answer;
    };
    const { status, body } = await waitFor(ask, { what: 'an answer but 503' });
    expect(status).toBe(200);
    return (body as { code: string }).code;
  };
  const selfie = async (digitString: string, outcome: 'SUCCESS' | 'FAILED') =>
    expect((await world.simulator.selfie({ digitString, outcome })).status).toBe(204);
  const passed = async (id: string) => {
    const session = await running.client.until(id, 'the pass', ({ status }) => status === 'passed');
    const events = await running.client.untilEvent(id, 'session.passed');
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.filter(({ type }) => type === 'attempt.passed')).toHaveLength(1);
    // What a fault has cut off does not look as if somebody had changed the journal.
    const { body } = await running.client.get('/readyz').expect(200);
    expect((body as { checks: object }).checks).not.toHaveProperty('journal');
    return session;
  };
  const createsOf = (scanRef: string) =>
    world.simulator.ledger.requests.filter((entry) => entry.scanRef === scanRef && entry.method === 'POST');

  it('between the request and the first call to iDenfy', async () => {
    await open({ ROLES: 'api' });
    const { id } = await accept('kill-requested');
    running = await fault(world, running);
    await issued(id);
    await selfie(await reveal(id), 'SUCCESS');
    await passed(id);
  });

  it('while iDenfy makes the code', async () => {
    await open();
    const asked = accept('sim-slow-2-kill').catch(() => null);
    await waitFor(() => createsOf('sim-slow-2-kill').length === 1, { what: 'the create call' });
    const { body } = await running.client.get('/v1/sessions?scanRef=sim-slow-2-kill').expect(200);
    const { id } = (body as { data: SessionBody[] }).data[0]!;
    running = await fault(world, running);
    await asked;
    await issued(id);
    await selfie(await reveal(id), 'SUCCESS');
    await passed(id);
    // Never a second paid call before the first one's session was looked for, and found.
    const types = (await running.client.events(id)).map(({ type }) => type);
    const orphaned = types.filter((type) => type === 'attempt.orphaned');
    expect(createsOf('sim-slow-2-kill')).toHaveLength(1 + orphaned.length);
  });

  it('between the code and its being handed out', async () => {
    await open();
    const { id } = await accept('kill-issued');
    await issued(id);
    running = await fault(world, running);
    await selfie(await reveal(id), 'SUCCESS');
    await passed(id);
    expect(createsOf('kill-issued')).toHaveLength(1);
  });

  it('between the handing out and the webhook', async () => {
    await open();
    const { id } = await accept('sim-late-1-kill');
    await issued(id);
    await selfie(await reveal(id), 'SUCCESS');
    running = await fault(world, running);
    await passed(id);
  });

  it('between the webhook and its being applied', async () => {
    await open();
    const { id } = await accept('kill-received');
    await issued(id);
    const code = await reveal(id);
    await running.stop();
    running = await world.start({ ROLES: 'api' });
    await selfie(code, 'SUCCESS');
    await waitFor(() => world.simulator.ledger.webhooks.at(-1)?.statusAnswered === 200, { what: 'the 200' });
    expect(await running.client.session(id)).toMatchObject({ status: 'active' });
    running = await fault(world, running);
    await passed(id);
  });

  it('between a failure and the new code', async () => {
    await open();
    const { id } = await accept('sim-slow-2-kill-retry');
    await issued(id);
    await selfie(await reveal(id), 'FAILED');
    await waitFor(() => createsOf('sim-slow-2-kill-retry').length === 2, { what: 'the second create call' });
    running = await fault(world, running);
    await issued(id, 2);
    await selfie(await reveal(id), 'SUCCESS');
    const session = await passed(id);
    expect(session.attempts.map(({ state }) => state)).toEqual(['retry', 'passed']);
  });

  it('between the verdict and its position in the journal', async () => {
    await open();
    const { id } = await accept('kill-verdict');
    await issued(id);
    await selfie(await reveal(id), 'SUCCESS');
    await running.client.until(id, 'the pass', ({ status }) => status === 'passed');
    running = await fault(world, running);
    await passed(id);
  });
}

export async function killAndStart(world: ProcessWorld, running: Running): Promise<Running> {
  await running.kill();
  return world.start();
}
