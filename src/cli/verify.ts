import { parseArgs } from 'node:util';
import { readVerifierFile, verifierPlace } from '../audit/verifier-file.js';
import { type Command, printError, WrongUsage } from './command.js';
import { keyUsage, readKey, verifyOneFile, whyUnreadable, withPem } from './verify-one-file.js';

export const verify: Command = {
  name: 'verify',
  summary: 'Verifies an export, evidence or an erasure certificate offline, or the database against a mirror',
  usage: `<file> ${keyUsage} | --mirror <folder> [--key …] | --print-verifier`,
  async run(args) {
    try {
      return await runVerify(args);
    } catch (error) {
      const unreadable = whyUnreadable(error);
      if (unreadable === null) throw error;
      printError(`facecode verify: ${unreadable}`);
      return 3;
    }
  },
};

async function runVerify(args: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: withPem(args),
    options: { key: text, mirror: text, 'print-verifier': { type: 'boolean' } },
    allowPositionals: true,
  });
  const asked = [...positionals, values.mirror, values['print-verifier']].filter((one) => one !== undefined);
  if (asked.length !== 1) throw new WrongUsage('name one file, or --mirror with one folder, or --print-verifier');
  if (values['print-verifier']) return printVerifier();
  const key = await readKey(values.key);
  if (values.mirror === undefined) return verifyOneFile(positionals[0]!, key);
  // Loaded here because only this branch needs a database.
  const { verifyMirror } = await import('./verify-mirror.js');
  return verifyMirror(values.mirror, key);
}

/** Prints the program to stdout, so that it can be saved, and its digest to stderr, so that it can be compared. */
async function printVerifier(): Promise<number> {
  const verifier = await readVerifierFile(verifierPlace);
  if (!verifier) {
    printError('facecode verify: there is no verifier, because `npm run build` did not make it');
    return 3;
  }
  process.stdout.write(verifier.text);
  printError(`SHA-256: ${verifier.sha256}`);
  return 0;
}
