import { describe, expect, it } from '@jest/globals';
import { readReview, readSignals } from '../../src/config/read-signals.js';
import { unknownVariables } from '../../src/config/known-variables.js';
import { VariableReader } from '../../src/config/variable-reader.js';

function read(environment: Record<string, string>) {
  const reader = new VariableReader(environment);
  return { signals: readSignals(reader), review: readReview(reader), faults: reader.faults };
}

describe('the settings of signals and reviews', () => {
  it('hold nothing by default', () => {
    expect(read({})).toEqual({
      signals: { hold: [], tooFastSeconds: 5, velocitySessions: 10, velocityWindowSeconds: 3600 },
      review: { fourEyes: false, claimSeconds: 1800 },
      faults: [],
    });
  });

  it('are read', () => {
    expect(
      read({
        SIGNALS_HOLD: 'never-revealed, presentation-attack, never-revealed',
        SIGNAL_TOO_FAST_SECONDS: '0',
        SIGNAL_VELOCITY_SESSIONS: '3',
        SIGNAL_VELOCITY_WINDOW_SECONDS: '60',
        REVIEW_FOUR_EYES: 'on',
        REVIEW_CLAIM_SECONDS: '90',
      }),
    ).toEqual({
      signals: {
        hold: ['never-revealed', 'presentation-attack'],
        tooFastSeconds: 0,
        velocitySessions: 3,
        velocityWindowSeconds: 60,
      },
      review: { fourEyes: true, claimSeconds: 90 },
      faults: [],
    });
  });

  it.each([
    ['SIGNALS_HOLD', 'never-reveald', /"never-reveald" is no signal, expected presentation-attack, /],
    ['SIGNALS_HOLD', 'velocity,conflict', /conflict cannot hold a pass: it is raised by a result that is refused/],
    ['SIGNALS_HOLD', 'late-result', /late-result cannot hold a pass: it is raised by a result that is refused/],
    ['SIGNALS_HOLD', 'disputed', /disputed cannot hold a pass: .*CONFIRM_PASS=enforce/],
    ['SIGNALS_HOLD', 'velocity,,', /empty item/],
    ['SIGNAL_TOO_FAST_SECONDS', '-1', /from 0 to 3600/],
    ['SIGNAL_TOO_FAST_SECONDS', '1.5', /an integer/],
    ['SIGNAL_VELOCITY_SESSIONS', 'many', /an integer/],
    ['SIGNAL_VELOCITY_WINDOW_SECONDS', '0', /from 1 to 604800/],
    ['REVIEW_FOUR_EYES', 'yes', /expected on, off/],
    ['REVIEW_CLAIM_SECONDS', '0', /from 1 to 86400/],
  ])('%s=%s is a fault that says why', (name, value, message) => {
    const { faults } = read({ [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
    expect(faults[0]).toContain(`${name}: `);
  });

  it('are known, so that a misspelled one is noticed', () => {
    expect(unknownVariables({ SIGNAL_HOLD: 'x', REVIEW_FOUREYES: 'on' })).toEqual([
      { name: 'SIGNAL_HOLD', problem: 'is not a setting, expected SIGNALS_HOLD' },
      { name: 'REVIEW_FOUREYES', problem: 'is not a setting, expected REVIEW_FOUR_EYES' },
    ]);
  });
});
