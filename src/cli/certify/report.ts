/** The lines that people read. */
import type { CheckResult } from './check.js';
import type { Summary } from './grade.js';
import type { Options } from './options.js';

const words = { pass: 'ok', fail: 'FAILED', warn: 'warning', 'not-checked': '–' } as const;
const width = { result: 8, name: 24 };

/** Requests that a whole run sends; the slow one of them takes about two seconds. */
const requests = 75;

export function heading({ shownUrl, effectsUrl, timeoutSeconds }: Options): string[] {
  return [
    `${shownUrl}: about ${requests} requests, some seconds when it answers; each waits ${timeoutSeconds} s at most`,
    ...(effectsUrl === null ? ['Only answers are checked: --effects-url would tell what was done.'] : []),
    '',
  ];
}

export function line({ result, name, sent, expected, got, why }: CheckResult): string[] {
  const first = `${words[result].padEnd(width.result)} ${name.padEnd(width.name)} ${got}`;
  if (result !== 'fail' && result !== 'warn') return [first];
  const indent = ' '.repeat(width.result + 1);
  return [first, `${indent}sent:     ${sent}`, `${indent}expected: ${expected}`, `${indent}why:      ${why}`];
}

export function summaryLines({ passed, failed, warned, notChecked, grade }: Summary): string[] {
  const rest = notChecked > 0 ? `, ${notChecked} not checked` : '';
  return ['', `Grade ${grade}: ${passed} passed, ${failed} failed, ${warned} warnings${rest}.`];
}
