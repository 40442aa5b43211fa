import { parseArgs } from 'node:util';
import type { Command } from './command.js';

export const start: Command = {
  name: 'start',
  summary: 'Runs the service until SIGTERM',
  usage: '',
  async run(args) {
    parseArgs({ args, options: {} });
    // Loaded only here: the other commands start three times as fast without the service.
    const { runService } = await import('./run-service.js');
    return runService();
  },
};
