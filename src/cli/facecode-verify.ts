#!/usr/bin/env node
/**
 * facecode-verify.mjs: verifies NDJSON exports, evidence and erasure certificates, with the file and a key alone.
 * `npm run build` puts this and everything that it imports into one file. That file needs only Node 20 or newer: no
 * network, no package, no setting. `facecode verify` runs the same code.
 */
import { parseArgs } from 'node:util';
import { print, printError, WrongUsage } from './command.js';
import { keyUsage, readKey, verifyOneFile, whyUnreadable, withPem } from './verify-one-file.js';

const program = 'facecode-verify';
const usage = `usage: node facecode-verify.mjs <file> ${keyUsage}`;

// `… | head` closes the pipe before we have written everything.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: withPem(args),
      options: { key: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) {
      print('Verifies an NDJSON export, the evidence of a session or the certificate of an erasure.\n');
      print(usage);
      print('Without --key the key in the file is used. That proves only that the file is consistent.');
      print(
        'Exit codes: 0 valid, 1 not valid, 2 wrong usage or a file that proves nothing, 3 the file cannot be read.',
      );
      return 0;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new WrongUsage('name one file');
    return await verifyOneFile(file, await readKey(values.key));
  } catch (error) {
    return explain(error);
  }
}

function explain(error: unknown): number {
  const unreadable = whyUnreadable(error);
  if (unreadable !== null) {
    printError(`${program}: ${unreadable}`);
    return 3;
  }
  const isUsage = error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!isUsage && !(error instanceof WrongUsage)) throw error;
  printError(`${program}: ${error.message}\n${usage}`);
  return 2;
}
