import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type Command, print } from '../command.js';
import { checks } from './checks.js';
import { effectChecks } from './effect-checks.js';
import { EffectsReader } from './effects.js';
import { grade } from './grade.js';
import { History } from './history.js';
import { readOptions } from './options.js';
import { heading, line, summaryLines } from './report.js';
import { runChecks } from './run-checks.js';
import { Sender } from './sender.js';

export const certify: Command = {
  name: 'certify',
  summary:
    'Sends a consumer good, forged, stale, repeated, reordered, oversized and slow events, and grades what it does',
  usage:
    '<consumer url> --secret-file <file, - for standard input> | --secret <whsec_…>\n' +
    '         [--effects-url <url>] [--timeout-seconds 15] [--json]',
  async run(args) {
    const options = await readOptions(args, {
      file: (path) => readFileSync(path, 'utf8'),
      standardInput: () => text(process.stdin),
    });
    const sender = new Sender(options.url, options.timeoutSeconds);
    const history = new History(options.key, new Date());
    const say = options.json ? () => {} : print;
    for (const each of heading(options)) say(each);
    try {
      const probe = { sender, history, effects: new EffectsReader(options.effectsUrl, options.timeoutSeconds) };
      const results = await runChecks([...checks, ...effectChecks], probe, (result) => line(result).forEach(say));
      const summary = grade(results);
      if (options.json) print(JSON.stringify({ url: options.shownUrl, checks: results, summary }, null, 2));
      for (const each of summaryLines(summary)) say(each);
      return summary.failed === 0 ? 0 : 1;
    } finally {
      await sender.close();
    }
  },
};
