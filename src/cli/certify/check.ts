import type { Answer, Sender } from './sender.js';
import type { History } from './history.js';
import type { EffectsReader } from './effects.js';

/** What a failed check means: anybody can lie to it, events are lost or doubled, or it is merely unwise. */
type CheckKind = 'security' | 'delivery' | 'advice';

export interface Probe {
  sender: Sender;
  history: History;
  effects: EffectsReader;
}

export interface Verdict {
  result: 'pass' | 'fail' | 'not-checked';
  /** what came */
  got: string;
}

export interface Check {
  name: string;
  kind: CheckKind;
  sent: string;
  expected: string;
  /** one line */
  why: string;
  run(probe: Probe): Promise<Verdict>;
}

export interface CheckResult extends Omit<Check, 'run'> {
  /** `advice` that is not followed warns */
  result: Verdict['result'] | 'warn';
  got: string;
}

type Test = (answer: Answer) => boolean;

export const isRefused: Test = (answer) => answer.kind === 'answered' && answer.status >= 400 && answer.status <= 499;
/** Too much or too slow may also be cut without a word. */
export const isRefusedOrCut: Test = (answer) => isRefused(answer) || answer.kind === 'cut';

/** All answers have to pass; what is told is what came, in the order it was sent. */
export function verdict(answers: readonly Answer[], passes: Test): Verdict {
  return { result: answers.every(passes) ? 'pass' : 'fail', got: answers.map(describe).join(', then ') };
}

export function describe(answer: Answer): string {
  const after = duration(answer.seconds);
  switch (answer.kind) {
    case 'answered':
      return `${answer.status}${isRedirect(answer.status) ? ' (redirects are not followed)' : ''} after ${after}`;
    case 'cut':
      return `cut after ${after}`;
    case 'late':
      return `no answer in ${after}`;
    case 'unreachable':
      return `no connection (${answer.cause})`;
  }
}

export const duration = (seconds: number): string =>
  seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;

const isRedirect = (status: number): boolean => status >= 300 && status <= 399;
