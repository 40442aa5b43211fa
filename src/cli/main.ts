#!/usr/bin/env node
/** The `facecode` program: finds the command, prints its errors, sets the exit code. */
import { ConfigurationError } from '../config/configuration-error.js';
import { isDebugging } from '../config/environment.js';
import { check } from './check.js';
import { certify } from './certify/certify.js';
import { type Command, print, printError, WrongUsage } from './command.js';
import { demo } from './demo.js';
import { erase } from './erase.js';
import { exportCommand } from './export.js';
import { endProcess } from './end-process.js';
import { failureOf } from './failure.js';
import { grants } from './grants.js';
import { journal } from './journal.js';
import { keys } from './keys.js';
import { migrateCommand } from './migrate.js';
import { simulate } from './simulate.js';
import { start } from './start.js';
import { verify } from './verify.js';

const commands: readonly Command[] = [
  start,
  demo,
  migrateCommand,
  keys,
  journal,
  check,
  exportCommand,
  erase,
  verify,
  grants,
  simulate,
  certify,
];

// `facecode keys list | head` closes the pipe before everything is written.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

endProcess(await main(process.argv.slice(2)));

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    printHelp();
    return name === undefined ? 2 : 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    printError(`facecode: there is no command "${name}"; facecode --help lists them`);
    return 2;
  }
  if (args.includes('--help') || args.includes('-h')) {
    print(`facecode ${command.name} ${command.usage}\n\n${command.summary}.`);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    return explain(command, error);
  }
}

function explain(command: Command, error: unknown): number {
  if (error instanceof WrongUsage || isParseArgsError(error)) {
    printError(`facecode ${command.name}: ${error.message}\nusage: facecode ${command.name} ${command.usage}`);
    return 2;
  }
  if (error instanceof ConfigurationError) {
    printError(error.message);
    return 2;
  }
  const { line, stack } = failureOf(error);
  printError(`facecode ${command.name}: ${line}`);
  if (stack !== null && isDebugging()) printError(stack);
  return 3;
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

function printHelp(): void {
  const width = Math.max(...commands.map(({ name }) => name.length));
  print('facecode <command> [options]\n');
  for (const { name, summary } of commands) print(`  ${name.padEnd(width)}  ${summary}`);
  print('\nThe settings come from the environment and from .env; README.md lists them.');
  print('Exit codes: 0 success, 1 the answer is no, 2 wrong usage or settings, 3 it could not be done.');
}
