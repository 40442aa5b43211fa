import { integer, listOf, oneOf } from './parse-text.js';
import type { Settings } from './settings.js';
import type { Parser, VariableReader } from './variable-reader.js';

/** Signals that may hold a pass, in the order in which they give a hold its reason. What each means: src/risk/README.md. */
export const holdingSignals = [
  'presentation-attack',
  'duplicate-image',
  'never-revealed',
  'too-fast',
  'different-network',
  'untrusted-environment',
  'velocity',
] as const;
export type HoldingSignal = (typeof holdingSignals)[number];

/** Signals that only flag, and why none of them can hold a pass. */
export const flaggingSignals = {
  conflict: 'it is raised by a result that is refused, so there is no pass to hold',
  'late-result': 'it is raised by a result that is refused, or by a late pass, which is held in any case',
  disputed: 'it comes after the pass; CONFIRM_PASS=enforce holds a pass until iDenfy has confirmed it',
} as const;

/** Names of the signals that a fraud team should look at. Each signal is recorded as a `risk.flagged` event. */
export type Signal = HoldingSignal | keyof typeof flaggingSignals;

/**
 * Ours, and an estimate: nobody types eight digits of a screen into another app in less than 3 s (three keys a second on
 * glass is quick), and the camera and iDenfy's verdict take 2 s more at the least.
 */
const tooFastSeconds = 5;

/** Ours: a session has up to five attempts, so ten sessions an hour are fifty tries of one person. */
const velocitySessions = 10;
const velocityWindowSeconds = 3600;

/** A counting further back would be a report, not a rule. */
const longestWindowSeconds = 604_800;

export function readSignals(read: VariableReader): Settings['signals'] {
  return {
    hold: [...new Set(read.optional('SIGNALS_HOLD', listOf(holdingSignal), []))],
    tooFastSeconds: read.optional('SIGNAL_TOO_FAST_SECONDS', integer(0, 3600), tooFastSeconds),
    velocitySessions: read.optional('SIGNAL_VELOCITY_SESSIONS', integer(0, 1_000_000), velocitySessions),
    velocityWindowSeconds: read.optional(
      'SIGNAL_VELOCITY_WINDOW_SECONDS',
      integer(1, longestWindowSeconds),
      velocityWindowSeconds,
    ),
  };
}

/** Ours: long enough to look at both photos and call somebody, short enough that a forgotten claim is no obstacle. */
const claimSeconds = 1800;

export function readReview(read: VariableReader): Settings['review'] {
  return {
    fourEyes: read.optional('REVIEW_FOUR_EYES', oneOf(['on', 'off']), 'off') === 'on',
    claimSeconds: read.optional('REVIEW_CLAIM_SECONDS', integer(1, 86_400), claimSeconds),
  };
}

const holdingSignal: Parser<HoldingSignal> = (text) => {
  const value = holdingSignals.find((name) => name === text);
  if (value !== undefined) return { value };
  const expected = `expected ${holdingSignals.join(', ')}`;
  const why = Object.entries(flaggingSignals).find(([name]) => name === text)?.[1];
  if (why !== undefined) return { fault: `${text} cannot hold a pass: ${why}; ${expected}` };
  return { fault: `${JSON.stringify(text.slice(0, 60))} is no signal, ${expected}` };
};
