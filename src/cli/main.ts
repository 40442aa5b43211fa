#!/usr/bin/env node
/** The `facecode` program: finds the command, prints its errors, sets the exit code. */
import { ConfigurationError } from '../config/configuration-error.js';
import { isDebugging } from '../config/environment.js';
import { type Command, print, printError, WrongUsage } from './command.js';
import { endProcess } from './end-process.js';

/** Loads only the command that runs, because loading the whole service takes most of a second. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.js')).start,
  demo: async () => (await import('./demo.js')).demo,
  migrate: async () => (await import('./migrate.js')).migrateCommand,
  keys: async () => (await import('./keys.js')).keys,
  journal: async () => (await import('./journal.js')).journal,
  check: async () => (await import('./check.js')).check,
  export: async () => (await import('./export.js')).exportCommand,
  erase: async () => (await import('./erase.js')).erase,
  verify: async () => (await import('./verify.js')).verify,
  grants: async () => (await import('./grants.js')).grants,
  simulate: async () => (await import('./simulate.js')).simulate,
  certify: async () => (await import('./certify/certify.js')).certify,
};

// `facecode keys list | head` closes the pipe before everything is written.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

endProcess(await main(process.argv.slice(2)));

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    await printHelp();
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? await commands[name]!() : null;
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
    return await explain(command, error);
  }
}

async function explain(command: Command, error: unknown): Promise<number> {
  if (error instanceof WrongUsage || isParseArgsError(error)) {
    printError(`facecode ${command.name}: ${error.message}\nusage: facecode ${command.name} ${command.usage}`);
    return 2;
  }
  if (error instanceof ConfigurationError) {
    printError(error.message);
    return 2;
  }
  // Loaded late: it imports the database's errors, which few commands need.
  const { failureOf } = await import('./failure.js');
  const { line, stack } = failureOf(error);
  printError(`facecode ${command.name}: ${line}`);
  if (stack !== null && isDebugging()) printError(stack);
  return 3;
}

function isParseArgsError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}

async function printHelp(): Promise<void> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  const width = Math.max(...all.map(({ name }) => name.length));
  print('facecode <command> [options]\n');
  for (const { name, summary } of all) print(`  ${name.padEnd(width)}  ${summary}`);
  print('\nThe settings come from the environment and from .env; README.md lists them.');
  print('Exit codes: 0 success, 1 the answer is no, 2 wrong usage or settings, 3 it could not be done.');
}
