import type { Command } from './command.js';

export const simulate: Command = {
  name: 'simulate',
  summary: 'Runs the iDenfy simulator alone, for development',
  usage:
    '[--port 4010] [--host 127.0.0.1] [--api-key …] [--api-secret …] [--signing-key …] [--webhook-url …] [--consumer]',
  async run(args) {
    // Loaded only here: it is no part of the service.
    const { runSimulator } = await import('../simulator/run.js');
    return runSimulator(args);
  },
};
