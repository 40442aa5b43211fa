import type { CheckResult } from './check.js';

export interface Summary {
  passed: number;
  failed: number;
  warned: number;
  notChecked: number;
  /** A: nothing to say; B: advice; C: one or two faults of delivery; D: more; F: it can be lied to, or does not answer */
  grade: 'A' | 'B' | 'C' | 'D' | 'F';
}

export function grade(results: readonly CheckResult[]): Summary {
  const count = (result: CheckResult['result']) => results.filter((each) => each.result === result).length;
  return {
    passed: count('pass'),
    failed: count('fail'),
    warned: count('warn'),
    notChecked: count('not-checked'),
    grade: letter(results),
  };
}

function letter(results: readonly CheckResult[]): Summary['grade'] {
  const failed = results.filter(({ result }) => result === 'fail');
  const nothingWorks = !results.some(({ result }) => result === 'pass');
  if (nothingWorks || failed.some(({ kind }) => kind === 'security')) return 'F';
  if (failed.length > 2) return 'D';
  if (failed.length > 0) return 'C';
  return results.some(({ result }) => result === 'warn') ? 'B' : 'A';
}
