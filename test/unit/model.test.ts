import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Ledger, policies, steps } from '../support/history.js';
import { Model } from '../support/model.js';

describe('the decisions, held against a model of a session', () => {
  it('come to the same states after every step of any history', () => {
    fc.assert(
      fc.property(policies, steps, (policy, history) => {
        const ledger = new Ledger(policy);
        const model = new Model(policy);
        for (const step of history) {
          step(ledger);
          step(model);
          const { status, attempts } = ledger.rows;
          expect([status, ...attempts.map(({ state }) => state)]).toEqual([model.status, ...model.states]);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('keep what must hold whatever happens', () => {
    fc.assert(
      fc.property(policies, steps, (policy, history) => {
        const ledger = new Ledger(policy);
        for (const step of history) {
          const before = structuredClone(ledger.rows);
          step(ledger);
          const { status, attempts, endedAt } = ledger.rows;
          const live = attempts.filter(({ state }) => ['requested', 'issued', 'awaiting-selfie'].includes(state));
          expect(live.length).toBeLessThanOrEqual(1);
          expect(attempts.length).toBeLessThanOrEqual(policy.maxAttempts);
          expect(attempts.filter(({ state }) => state === 'passed').length).toBeLessThanOrEqual(1);
          if (endedAt) expect(live).toEqual([]);
          // Who has passed has a SUCCESS of iDenfy's.
          if (status === 'passed') expect(attempts.some(({ outcome }) => outcome?.status === 'SUCCESS')).toBe(true);
          // The end of a session and of an attempt is for ever.
          if (before.endedAt) expect(ledger.rows.status).toBe(before.status);
          for (const [index, { state, endedAt: over }] of before.attempts.entries()) {
            if (over) expect(attempts[index]?.state).toBe(state);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
