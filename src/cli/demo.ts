import { parseArgs } from 'node:util';
import type { Command } from './command.js';

export const demo: Command = {
  name: 'demo',
  summary:
    'Plays a failed-then-passed flow against the iDenfy simulator, then keeps serving; with --once it ends there',
  usage: '[--once]',
  async run(args) {
    const { values } = parseArgs({ args, options: { once: { type: 'boolean', default: false } } });
    // Loaded only here: the other commands start three times as fast without the service.
    const { runDemo } = await import('./demo/demo.js');
    return runDemo(values);
  },
};
