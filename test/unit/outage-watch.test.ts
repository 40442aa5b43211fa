import { expect, it } from '@jest/globals';
import { OutageWatch } from '../../src/core/outage-watch.js';
import { waitFor } from '../support/wait-for.js';

function watched(answers: () => boolean) {
  const lines: string[] = [];
  const log = { warn: (line: string) => void lines.push(line), log: (line: string) => void lines.push(line) };
  return { lines, watch: new OutageWatch('Redis', () => Promise.resolve(answers()), log) };
}

it('logs one line when a server goes away and one when it is back, however often this is noticed', async () => {
  let up = false;
  const { lines, watch } = watched(() => up);
  for (const why of ['refused', 'reset', 'closed']) watch.suspect(why);
  await waitFor(() => lines.length === 1, { what: 'the first line' });
  watch.suspect('refused again');
  up = true;
  await waitFor(() => lines.length === 2, { what: 'the second line' });
  expect(lines).toEqual(['Redis is away: refused', expect.stringMatching(/^Redis is back after \d+ s$/)]);
});

it('logs nothing about a server that answers, or whose connections close because we stop', async () => {
  const well = watched(() => true);
  well.watch.suspect('a connection was closed');
  const stopping = watched(() => false);
  stopping.watch.stop();
  stopping.watch.suspect('a connection was closed');
  await new Promise((resolve) => setImmediate(resolve));
  expect([...well.lines, ...stopping.lines]).toEqual([]);
});
