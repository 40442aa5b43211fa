import { describe, expect, it } from '@jest/globals';
import { Batcher } from '../../src/webhooks/batcher.js';

class Outage extends Error {}

interface Run {
  items: readonly string[];
  finish: () => void;
  fail: (error: Error) => void;
}

/** A batcher whose batches end when the test says so. */
function held(limits: { itemsMax?: number; weightMax?: number; waitingMax?: number } = {}) {
  const runs: Run[] = [];
  const batcher = new Batcher<string, string>(
    { itemsMax: 3, weightMax: 100, waitingMax: 100, weigh: (item) => item.length, ...limits },
    (items) =>
      new Promise((resolve, reject) => {
        runs.push({ items, finish: () => resolve(items.map((item) => item.toUpperCase())), fail: reject });
      }),
    (error) => error instanceof Outage,
  );
  const add = (...items: string[]) => items.map((item) => settled(batcher.add(item)!));
  return { batcher, runs, add, batches: () => runs.map(({ items }) => items.join('')) };
}

const settled = (work: Promise<string>) => work.catch((error: Error) => error.message);

/** Lets everything go on that waits for nothing but its turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a batcher', () => {
  it('starts at once, and makes one batch of all that came meanwhile', async () => {
    const { add, runs, batches } = held();
    const answers = add('a', 'b', 'c');
    expect(batches()).toEqual(['a']);
    runs[0]!.finish();
    await turn();
    expect(batches()).toEqual(['a', 'bc']);
    runs[1]!.finish();
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C']);
  });

  it('answers nobody before the batch is done', async () => {
    const { add, runs } = held();
    const answered: string[] = [];
    const answers = add('a', 'b').map((answer) => answer.then((text) => answered.push(text)));
    await turn();
    expect(answered).toEqual([]);
    runs[0]!.finish();
    await turn();
    expect(answered).toEqual(['A']);
    runs[1]!.finish();
    await Promise.all(answers);
    expect(answered).toEqual(['A', 'B']);
  });

  it('takes no more into a batch than may be, by number and by weight, and something heavier alone', async () => {
    const { add, runs, batches } = held({ itemsMax: 3, weightMax: 5 });
    const answers = add('a', 'b', 'c', 'd', 'e', 'ffff', 'gg', 'hhhhhhhh', 'i');
    for (let run = 0; run < 6; run += 1) {
      runs[run]!.finish();
      await turn();
    }
    expect(batches()).toEqual(['a', 'bcd', 'effff', 'gg', 'hhhhhhhh', 'i']);
    expect(await Promise.all(answers)).toHaveLength(9);
  });

  it('tries the items of a failed batch one by one, so that a bad one fails alone', async () => {
    const { add, runs, batches } = held();
    const answers = add('a', 'b', 'c', 'd');
    runs[0]!.finish();
    await turn();
    runs[1]!.fail(new Error('one of them is bad'));
    await turn();
    runs[2]!.finish();
    await turn();
    runs[3]!.fail(new Error('c is bad'));
    await turn();
    runs[4]!.finish();
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'c is bad', 'D']);
    expect(batches()).toEqual(['a', 'bcd', 'b', 'c', 'd']);
  });

  it('fails everything that waits in an outage, without a further try, and goes on afterwards', async () => {
    const { add, runs, batches } = held();
    const answers = add('a', 'b', 'c', 'd', 'e');
    runs[0]!.finish();
    await turn();
    runs[1]!.fail(new Outage('away'));
    expect(await Promise.all(answers)).toEqual(['A', 'away', 'away', 'away', 'away']);
    expect(batches()).toEqual(['a', 'bcd']);
    const [later] = add('f');
    runs[2]!.finish();
    expect(await later).toBe('F');
  });

  it('does not take what comes when too many wait, and takes it again when there is room', async () => {
    const { batcher, add, runs } = held({ waitingMax: 2 });
    const answers = add('a', 'b', 'c');
    expect(batcher.add('d')).toBeNull();
    runs[0]!.finish();
    await turn();
    answers.push(...add('e'));
    runs[1]!.finish();
    await turn();
    runs[2]!.finish();
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'E']);
  });
});
