import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { formOf, sentenceOf, sentinels, wishOf } from '../../src/simulator/sentinels.js';

const cells = (line: string) => line.split('|').map((cell) => cell.trim());
const folder = new URL('../../src/simulator/', import.meta.url);

describe('the sentinels of the simulator', () => {
  it.each(sentinels.map(({ name }) => name))('knows sim-%s, alone and with an ending of one’s own', (name) => {
    expect(wishOf(`sim-${name}`)?.name).toBe(name);
    expect(wishOf(`sim-${name}-c0ffee`)?.name).toBe(name);
    // Of sim-cut-twice something is left: sim-cut with an ending of one's own.
    expect(wishOf(`sim-${name}x`)?.name).not.toBe(name);
    expect(wishOf(`my-sim-${name}`)).toBeNull();
  });

  it.each([
    ['sim-slow', 8],
    ['sim-slow-2', 2],
    ['sim-slow-2-mine', 2],
    ['sim-late-0.5', 0.5],
    ['sim-late-0.5-mine', 0.5],
    ['sim-late-mine', 5],
    ['sim-late-8df398bb', 5],
    ['sim-late-1795993200', 5],
    ['sim-cut-2', 0],
  ])('lets %s wait %d seconds', (scanRef, seconds) => {
    expect(wishOf(scanRef)?.seconds).toBe(seconds);
  });

  it('are none of them in an ordinary scanRef', () => {
    expect(wishOf('8df398bb-7340-11ee-9aec-0221b1f59063')).toBeNull();
    expect(wishOf('sim-42')).toBeNull();
  });

  it('are listed in the README as in the table', () => {
    const rows = readFileSync(new URL('README.md', folder), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `sim-'))
      .map((line) => cells(line).slice(1, 3));
    expect(rows).toEqual(sentinels.map((sentinel) => [`\`${formOf(sentinel)}\``, sentenceOf(sentinel)]));
  });
});

describe('the folder of the simulator', () => {
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(new URL(name, folder), 'utf8'));

  it('takes the contract from the service, and nothing else', () => {
    const imported = sources.flatMap((source) => [...source.matchAll(/(?:from|import|import\()\s*'(\.[^']*)'/g)]);
    const outside = imported
      .map((match) => match[1])
      .filter((path) => !/^\.\/(consumer\/)?[a-z.-]+\.js$/.test(path ?? ''));
    expect(new Set(outside)).toEqual(new Set(['../idenfy/contract.js']));
  });

  it('reads no environment', () => {
    expect(sources.filter((source) => source.includes('process.env'))).toEqual([]);
  });
});
