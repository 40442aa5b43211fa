import { expect, it } from '@jest/globals';
import { NoTurn, Turns } from '../../src/core/turns.js';

/** Work that ends when it is told to. */
function work(name: string, begun: string[]) {
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const run = async () => {
    begun.push(name);
    await ended;
    return name;
  };
  return { run, end };
}

it('lets so many run at once, and the others in the order in which they came', async () => {
  const turns = new Turns(2);
  const begun: string[] = [];
  const works = ['a', 'b', 'c', 'd'].map((name) => work(name, begun));
  const results = works.map(({ run }) => turns.run(run));
  expect(begun).toEqual(['a', 'b']);
  works[1]!.end();
  await results[1];
  expect(begun).toEqual(['a', 'b', 'c']);
  works[0]!.end();
  await results[0];
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  for (const { end } of works) end();
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd']);
});

it('refuses who would wait too long, and takes no turn for them', async () => {
  const turns = new Turns(1);
  const begun: string[] = [];
  const [first, last] = [work('first', begun), work('last', begun)];
  const running = turns.run(first.run);
  await expect(turns.run(() => Promise.resolve('never'), 1)).rejects.toThrow(NoTurn);
  const next = turns.run(last.run, 60_000);
  first.end();
  await running;
  last.end();
  expect(await next).toBe('last');
  expect(begun).toEqual(['first', 'last']);
});

it('goes on after work that failed', async () => {
  const turns = new Turns(1);
  await expect(turns.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await turns.run(() => Promise.resolve('fine'))).toBe('fine');
});
