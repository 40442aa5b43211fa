/** An identification may cost a credit. If a process dies during the call, the call must not be repeated. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { IdentificationRequests } from '../../src/attempts/identification-requests.service.js';
import { Issuance } from '../../src/attempts/issuance.service.js';
import { CodeIssuer } from '../../src/attempts/issuing.service.js';
import { Clock } from '../../src/core/clock.js';
import type { CallBudget } from '../../src/idenfy/call-budget.js';
import { IdenfyClient } from '../../src/idenfy/client.js';
import { JobDispatcher } from '../../src/queue/job-dispatcher.js';
import type { SessionBody } from '../support/client.js';
import { openWorld, type World } from '../support/world.js';

describe('a process that requests an identification', () => {
  let world: World;
  let names = 0;
  let before: number;
  let session: SessionBody;
  let attemptId: string;

  beforeAll(async () => {
    world = await openWorld('embedded', { CREATE_WAIT_SECONDS: '0', IDENTIFICATION_FALLBACK: 'on' });
    // The test plays the workers, so that one of them can die at any step.
    await service(JobDispatcher).queue('codes').pause();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    names += 1;
    before = requests();
    const answer = await world.client.post('/v1/sessions', { scanRef: `sim-must-identify-paid-${names}` }).expect(202);
    session = answer.body as SessionBody;
    attemptId = session.attempt!.id;
    await service(CodeIssuer).checkEligibility(attemptId);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const service = <T>(type: (abstract new (...args: never[]) => T) | { prototype: T }): T =>
    world.service.service.app.get(type as never);
  const identify = () => service(IdentificationRequests).request(attemptId);
  const requests = () => world.simulator.ledger.requests.filter(({ path }) => path === '/api/v2/token').length;
  const asked = () => requests() - before;
  const read = () => world.client.session(session.id);

  /** Moves all clocks forward by this much. */
  const passSeconds = (seconds: number) =>
    jest.spyOn(service(Clock), 'now').mockImplementation(() => new Date(Date.now() + seconds * 1000));

  /** Does the work of the sweeper for an attempt whose process has died, and the next step. */
  const recover = async () => {
    passSeconds(40);
    await service(CodeIssuer).checkEligibility(attemptId);
    await identify();
  };

  it('and dies before the answer leaves one identification, and the session ends without its address', async () => {
    const { idenfy } = service(IdentificationRequests) as unknown as {
      idenfy: Record<'createIdentification', (...args: unknown[]) => Promise<unknown>>;
    };
    const real = idenfy.createIdentification.bind(idenfy);
    jest.spyOn(idenfy, 'createIdentification').mockImplementationOnce(async (...args) => {
      await real(...args);
      throw new Error('the process dies');
    });
    await expect(identify()).rejects.toThrow('the process dies');
    expect([asked(), (await read()).status]).toEqual([1, 'pending']);

    await recover();
    expect([asked(), (await read()).status]).toEqual([1, 'identification-required']);
    expect(await read()).not.toHaveProperty('identification');
  });

  it('and was paused before its call leaves the call to the process that took over', async () => {
    const issuance = service(Issuance);
    const real = issuance.begin.bind(issuance);
    jest.spyOn(issuance, 'begin').mockImplementationOnce(async (...args) => {
      const begun = await real(...args);
      passSeconds(20);
      await identify();
      return begun;
    });
    await identify();
    expect(asked()).toBe(1);
    expect(await read()).toMatchObject({
      status: 'identification-required',
      identification: { url: expect.any(String) },
    });
  });

  it('and loses the database before its call repeats the call', async () => {
    const { budget } = service(IdenfyClient) as unknown as { budget: CallBudget };
    jest.spyOn(budget, 'take').mockRejectedValueOnce(new Error('the database is away'));
    await expect(identify()).rejects.toThrow('the database is away');
    await recover();
    expect(asked()).toBe(1);
    expect(await read()).toMatchObject({ identification: { url: expect.any(String) } });
  });

  it('and gets a temporary refusal repeats the call', async () => {
    const { idenfy } = service(IdentificationRequests) as unknown as {
      idenfy: Record<'createIdentification', (...args: unknown[]) => Promise<unknown>>;
    };
    const limited = { kind: 'retry-later', why: 'server-error', retryAfterSeconds: null, detail: 'again' };
    jest.spyOn(idenfy, 'createIdentification').mockResolvedValueOnce(limited);
    await identify();
    await recover();
    expect(asked()).toBe(1);
    expect(await read()).toMatchObject({ identification: { url: expect.any(String) } });
  });
});
