import { parseArgs } from 'node:util';
import type { Command } from './command.js';
import { runService } from './run-service.js';

export const start: Command = {
  name: 'start',
  summary: 'Runs the service until SIGTERM',
  usage: '',
  run(args) {
    parseArgs({ args, options: {} });
    return runService();
  },
};
