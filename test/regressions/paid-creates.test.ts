/** Each create call costs a credit: a void attempt must get none, and no attempt may get two. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DueStore } from '../../src/attempts/due.store.js';
import { Issuance } from '../../src/attempts/issuance.service.js';
import { CodeIssuer } from '../../src/attempts/issuing.service.js';
import { LostSessions } from '../../src/attempts/lost-sessions.service.js';
import type { AttemptRow } from '../../src/attempts/rows.js';
import { Clock } from '../../src/core/clock.js';
import { IdenfyClient } from '../../src/idenfy/client.js';
import type { CallBudget } from '../../src/idenfy/call-budget.js';
import { JobDispatcher } from '../../src/queue/job-dispatcher.js';
import type { SessionBody } from '../support/client.js';
import { openWorld, type World } from '../support/world.js';

describe('paid calls of two processes for one attempt', () => {
  let world: World;
  let names = 0;

  beforeAll(async () => {
    world = await openWorld('embedded', { CREATE_WAIT_SECONDS: '0' });
    // The test itself plays the workers, so that it can pause one of them at any step.
    await service(JobDispatcher).queue('codes').pause();
  });
  afterAll(() => world.close());
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const service = <T>(type: (abstract new (...args: never[]) => T) | { prototype: T }): T =>
    world.service.service.app.get(type as never);
  const issue = (attemptId: string) => service(CodeIssuer).issue(attemptId);
  const creates = () => world.simulator.ledger.sessions.filter(({ scanRef }) => scanRef === session.scanRef).length;
  const state = async () => (await world.client.session(session.id)).attempts[0]!.state;

  /** Pauses a process at this step while `meanwhile` runs. The process then continues with what it knew before. */
  function stopAfter<Name extends string>(
    part: Record<Name, (...args: never[]) => Promise<unknown>>,
    name: Name,
    meanwhile: () => Promise<unknown>,
  ): void {
    const real = part[name].bind(part) as (...args: unknown[]) => Promise<unknown>;
    part[name] = async (...args: unknown[]) => {
      part[name] = real;
      const result = await real(...args);
      await meanwhile();
      return result;
    };
  }

  /** Moves all clocks forward by this much. */
  const passSeconds = (seconds: number) =>
    jest.spyOn(service(Clock), 'now').mockImplementation(() => new Date(Date.now() + seconds * 1000));

  let session: SessionBody;
  let attemptId: string;

  beforeEach(async () => {
    names += 1;
    const answer = await world.client.post('/v1/sessions', { scanRef: `paid-${names}` }).expect(202);
    session = answer.body as SessionBody;
    attemptId = session.attempt!.id;
    await service(CodeIssuer).checkEligibility(attemptId);
  });

  it('a canceled attempt costs nothing, although its worker had begun', async () => {
    stopAfter(service(Issuance), 'begin', () => world.client.post(`/v1/sessions/${session.id}/cancel`).expect(200));
    await issue(attemptId);
    expect([creates(), await state()]).toEqual([0, 'void']);
  });

  it('a worker that was paused before its call leaves the attempt to the worker that took over', async () => {
    stopAfter(service(Issuance), 'begin', async () => {
      passSeconds(20);
      await issue(attemptId);
      expect(creates()).toBe(1);
    });
    await issue(attemptId);
    expect([creates(), await state()]).toEqual([1, 'issued']);
  });

  it('a worker that was paused after it had announced its call does not make the call', async () => {
    stopAfter(service(DueStore), 'announceCall', () => Promise.resolve(passSeconds(20)));
    await issue(attemptId);
    expect(creates()).toBe(0);
    passSeconds(40);
    await issue(attemptId);
    expect([creates(), await state()]).toEqual([1, 'issued']);
  });

  it('a worker that waited long for the budget leaves the attempt to the worker that took over', async () => {
    const { budget } = service(IdenfyClient) as unknown as { budget: CallBudget };
    stopAfter(budget, 'take', async () => {
      passSeconds(20);
      // If the first worker has announced its call, the list of sessions comes before the next create call.
      await issue(attemptId);
      await issue(attemptId);
      expect(creates()).toBe(1);
    });
    await issue(attemptId);
    expect([creates(), await state()]).toEqual([1, 'issued']);
  });

  it('a worker that was paused does not release the claim of another worker', async () => {
    stopAfter(service(Issuance), 'begin', async () => {
      passSeconds(20);
      stopAfter(service(Issuance), 'begin', async () => {
        // The second is about to call. Now the first wakes up, and learns again that the person is eligible.
        await first;
        expect(await service(Issuance).begin(attemptId)).toBeNull();
      });
      second = issue(attemptId);
    });
    let second: Promise<unknown> = Promise.resolve();
    const first: Promise<unknown> = service(CodeIssuer).checkEligibility(attemptId);
    await first;
    await second;
    expect([creates(), await state()]).toEqual([1, 'issued']);
  });

  it('a code that arrives for a canceled attempt is listed as an orphan', async () => {
    const { idenfy } = service(CodeIssuer) as unknown as { idenfy: Record<'createSession', () => Promise<unknown>> };
    stopAfter(idenfy, 'createSession', () => world.client.post(`/v1/sessions/${session.id}/cancel`).expect(200));
    await issue(attemptId);
    expect([creates(), await state()]).toEqual([1, 'void']);
    const events = await world.client.untilEvent(session.id, 'attempt.orphaned');
    expect(events.at(-1)).toMatchObject({ attemptId, data: { number: 1, count: 1 } });
  });

  it('a lost call is followed by another one as soon as iDenfy lists its sessions, or after a minute', async () => {
    type Calls = Record<'createSession' | 'listSessions', () => Promise<unknown>>;
    const { idenfy } = service(CodeIssuer) as unknown as { idenfy: Calls };
    const answer = (call: keyof Calls, outcome: object) => jest.spyOn(idenfy, call).mockResolvedValueOnce(outcome);
    const unanswered = { kind: 'retry-later', why: 'server-error', retryAfterSeconds: null, detail: 'down' };
    answer('createSession', { kind: 'unknown', detail: 'lost' });
    await issue(attemptId);
    for (const seconds of [20, 40]) {
      passSeconds(seconds);
      answer('listSessions', unanswered);
      await issue(attemptId);
      expect([creates(), await state()]).toEqual([0, 'requested']);
    }
    passSeconds(80);
    answer('listSessions', unanswered);
    await issue(attemptId);
    await issue(attemptId);
    expect([creates(), await state()]).toEqual([1, 'issued']);
  });

  it('an orphan that two processes find at once is recorded once', async () => {
    const lost = service(LostSessions);
    const attempt = { id: attemptId, number: 1 } as AttemptRow;
    await Promise.all([lost.recordOrphans(attempt, ['found-twice']), lost.recordOrphans(attempt, ['found-twice'])]);
    const events = await world.client.untilEvent(session.id, 'attempt.orphaned');
    expect(events.filter(({ type }) => type === 'attempt.orphaned')).toHaveLength(1);
    expect((await world.client.session(session.id)).seq).toBe(events.length);
  });
});
