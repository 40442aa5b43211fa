/** The state about iDenfy that all replicas share: the count of calls, and the refused operations. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { readSettings } from '../../src/config/read-settings.js';
import { Clock } from '../../src/core/clock.js';
import type { Database } from '../../src/database/database.js';
import { openDatabase } from '../../src/database/open.js';
import { LeasedCalls, type Purpose } from '../../src/idenfy/call-budget.js';
import { CallBudgetStore } from '../../src/idenfy/call-budget.store.js';
import { OperationGate } from '../../src/idenfy/operation-gate.js';
import { ProviderRefusalsStore } from '../../src/idenfy/provider-refusals.store.js';
import { createDatabase } from '../support/postgres.js';
import { describeServers } from '../support/servers.js';
import { serverUrls } from '../support/server-urls.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { testEnvironment } from '../support/test-environment.js';

class SetClock extends Clock {
  ms = Date.parse('2026-03-01T12:00:00.000Z');
  now(): Date {
    return new Date(this.ms);
  }
  pass(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

function suite(open: () => Promise<{ database: Database; close: () => Promise<void> }>) {
  let database: Database;
  let close: () => Promise<void>;
  let clock: SetClock;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    ({ database, close } = await open());
  });
  afterAll(() => close());
  beforeEach(async () => {
    clock = new SetClock();
    await database.query(`update call_budget set window_started_at = 'epoch', spent = 0, spent_on_reads = 0`);
    await database.query('delete from provider_refusals');
  });

  describe('the count of calls', () => {
    const taken = async (process: LeasedCalls, purpose: Purpose, calls: number) => {
      const answers = await Promise.all(Array.from({ length: calls }, () => process.take(purpose)));
      return answers.filter((seconds) => seconds === null).length;
    };

    it.each([7, 450])('lets two processes make %d calls together, and no more', async (perHour) => {
      const store = new CallBudgetStore(database);
      const processes = [1, 2].map(() => new LeasedCalls(store, perHour, clock));
      const calls = await Promise.all(processes.map((process) => taken(process, 'issuing', perHour)));
      expect(calls[0]! + calls[1]!).toBe(perHour);
      expect(await store.spent(clock.now())).toMatchObject({ spent: perHour, spentOnReads: 0 });
    });

    it('lets the reads of two processes spend half, and starts again at zero after an hour', async () => {
      const store = new CallBudgetStore(database);
      const processes = [1, 2].map(() => new LeasedCalls(store, 9, clock));
      const reads = await Promise.all(processes.map((process) => taken(process, 'reading', 9)));
      expect(reads[0]! + reads[1]!).toBe(4);
      clock.pass(3600);
      expect(await store.spent(clock.now())).toMatchObject({ spent: 0, spentOnReads: 0 });
      expect(await processes[0]!.take('reading')).toBeNull();
    });
  });

  describe('the gate of an operation', () => {
    const gates = () => {
      const store = new ProviderRefusalsStore(database);
      return [1, 2].map(() => new OperationGate(store, clock)) as [OperationGate, OperationGate];
    };
    const unauthorized = { reason: 'unauthorized', detail: 'iDenfy answered 401' } as const;
    const kinds = (passages: { kind: string }[]) => passages.map(({ kind }) => kind).sort();

    it('is shared by two replicas, which let one probe through every five minutes', async () => {
      const [one, two] = gates();
      const passage = await one.ask('read-session');
      expect(passage).toEqual({ kind: 'call' });
      await one.learn('read-session', passage, unauthorized);
      expect(await two.ask('read-session')).toEqual({ kind: 'refused', reason: 'unauthorized' });
      expect(await two.ask('list-sessions')).toEqual({ kind: 'call' });

      clock.pass(299);
      expect(await one.ask('read-session')).toMatchObject({ kind: 'refused' });
      clock.pass(1);
      const asked = await Promise.all([one, two, one, two].map((gate) => gate.ask('read-session')));
      expect(kinds(asked)).toEqual(['probe', 'refused', 'refused', 'refused']);
      const probe = asked.find(({ kind }) => kind === 'probe')!;
      expect(probe).toEqual({ kind: 'probe', by: 'itself' });
      await two.learn('read-session', probe, unauthorized);
      expect(await one.ask('read-session')).toMatchObject({ kind: 'refused' });

      clock.pass(300);
      const second = await two.ask('read-session');
      await two.learn('read-session', second, 'accepted');
      expect(await one.ask('read-session')).toEqual({ kind: 'call' });
    });

    it('stays open while the probe gets no answer, and lets another through five minutes later', async () => {
      const [one, two] = gates();
      await one.learn('read-session', { kind: 'call' }, unauthorized);
      clock.pass(300);
      const probe = await one.ask('read-session');
      await one.learn('read-session', probe, null);
      expect(await two.ask('read-session')).toMatchObject({ kind: 'refused' });
      clock.pass(300);
      expect(await two.ask('read-session')).toMatchObject({ kind: 'probe' });
    });

    it('asks for the list once after five unknown tokens in a row, in any replica', async () => {
      const [one, two] = gates();
      const meet = (gate: OperationGate) => gate.learn('read-session', { kind: 'call' }, 'token-refused');
      for (const gate of [one, two, one, two]) await meet(gate);
      expect(await one.ask('read-session')).toEqual({ kind: 'call' });
      await one.learn('read-session', { kind: 'call' }, 'accepted');
      // The accepted call has reset the count.
      for (const gate of [one, two, one, two]) await meet(gate);
      expect(await one.ask('read-session')).toEqual({ kind: 'call' });
      await meet(one);
      const asked = await Promise.all([one, two, one].map((gate) => gate.ask('read-session')));
      expect(kinds(asked)).toEqual(['call', 'call', 'probe']);
      expect(asked).toContainEqual({ kind: 'probe', by: 'list' });
    });

    it('opens when the list is refused, probes with the list, and closes when iDenfy returns it', async () => {
      const [one, two] = gates();
      for (let n = 0; n < 5; n += 1) await one.learn('read-session', { kind: 'call' }, 'token-refused');
      const look = await one.ask('read-session');
      await one.learn('read-session', look, { reason: 'not-found', detail: 'no list' });
      expect(await two.ask('read-session')).toEqual({ kind: 'refused', reason: 'not-found' });
      clock.pass(300);
      const probe = await two.ask('read-session');
      expect(probe).toEqual({ kind: 'probe', by: 'list' });
      await two.learn('read-session', probe, 'accepted');
      expect(await one.ask('read-session')).toEqual({ kind: 'call' });
    });

    it('opens when the list is refused, and then alternates probes of the list and of a session', async () => {
      const [one, two] = gates();
      for (let n = 0; n < 5; n += 1) await one.learn('read-session', { kind: 'call' }, 'token-refused');
      await one.learn('read-session', await one.ask('read-session'), { reason: 'not-found', detail: 'no list' });
      for (const by of ['list', 'session', 'list']) {
        clock.pass(300);
        expect(await two.ask('read-session')).toEqual({ kind: 'probe', by });
        expect(await one.ask('read-session')).toMatchObject({ kind: 'refused' });
      }
      clock.pass(300);
      const probe = await two.ask('read-session');
      // An unknown token changes nothing here, because iDenfy may know no token.
      await two.learn('read-session', probe, null);
      expect(await one.ask('read-session')).toMatchObject({ kind: 'refused' });
      await two.learn('read-session', probe, 'accepted');
      expect(await one.ask('read-session')).toEqual({ kind: 'call' });
    });

    it('is logged once when it opens and once when it closes', async () => {
      const errors = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      const infos = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
      try {
        const [one, two] = gates();
        await Promise.all([one, two, one].map((gate) => gate.learn('read-session', { kind: 'call' }, unauthorized)));
        expect(errors.mock.calls).toEqual([[expect.stringContaining('iDenfy answered 401')]]);
        clock.pass(300);
        const probe = await one.ask('read-session');
        await one.learn('read-session', probe, 'accepted');
        await two.learn('read-session', { kind: 'call' }, 'accepted');
        expect(infos.mock.calls).toEqual([[expect.stringContaining('2026-03-01T12:00:00.000Z')]]);
        expect(errors).toHaveBeenCalledTimes(1);
      } finally {
        errors.mockRestore();
        infos.mockRestore();
      }
    });
  });
}

describe('shared state about iDenfy, on the embedded store', () => {
  suite(async () => {
    const folder = temporaryFolder('shared-provider-state');
    const database = await openDatabase(readSettings(testEnvironment(folder)));
    const close = () => database.close().finally(() => rmSync(folder, { recursive: true, force: true }));
    return { database, close };
  });
});

describeServers('shared state about iDenfy, on PostgreSQL', ['postgres'], () => {
  suite(async () => {
    const { url, drop } = await createDatabase(serverUrls.postgres);
    const folder = temporaryFolder('shared-provider-state');
    const database = await openDatabase(readSettings(testEnvironment(folder, { DATABASE_URL: url })));
    const close = async () => {
      await database.close();
      await drop();
      rmSync(folder, { recursive: true, force: true });
    };
    return { database, close };
  });
});
