import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { wordsOf } from '../audit/evidence-records.js';
import { parseTrustedKey, type TrustedKey } from '../journal/export/trusted-key.js';
import { type Command, print, printError, WrongUsage } from './command.js';
import { type Verdict, verifyAnyFile } from './verify-any-file.js';
import { verifyMirror } from './verify-mirror.js';

export const verify: Command = {
  name: 'verify',
  summary: 'Verifies an export, evidence or an erasure certificate offline, or the database against a mirror',
  usage: '<file> [--key <verifier key|PEM file|PEM>] | --mirror <folder> [--key …]',
  async run(args) {
    const text = { type: 'string' } as const;
    const { values, positionals } = parseArgs({
      args: withPem(args),
      options: { key: text, mirror: text },
      allowPositionals: true,
    });
    const key = values.key === undefined ? null : await readKey(values.key);
    if (positionals.length + (values.mirror === undefined ? 0 : 1) !== 1) {
      throw new WrongUsage('say one file, or --mirror with one folder');
    }
    if (values.mirror !== undefined) return verifyMirror(values.mirror, key);
    return verifyOne(positionals[0]!, key);
  },
};

/** A PEM begins with dashes, which would make it an option: `--key "$(cat key.pem)"` is to work all the same. */
function withPem(args: readonly string[]): string[] {
  const at = args.findIndex((arg, nth) => arg === '--key' && args[nth + 1]?.startsWith('-----BEGIN'));
  return at < 0 ? [...args] : args.toSpliced(at, 2, `--key=${args[at + 1]}`);
}

async function readKey(given: string): Promise<TrustedKey> {
  const text = parseTrustedKey(given) ? given : await readFile(given, 'utf8').catch(() => '');
  const key = parseTrustedKey(text);
  if (!key) throw new WrongUsage('--key takes <name>+<id>+<key>, the PEM of an Ed25519 public key, or a file with one');
  return key;
}

async function verifyOne(file: string, key: TrustedKey | null): Promise<number> {
  let verdict: Verdict;
  try {
    verdict = await verifyAnyFile(file, key);
  } catch (error) {
    if (!(error instanceof RangeError) && !(error as NodeJS.ErrnoException).syscall) throw error;
    throw new WrongUsage(`${file}: ${(error as Error).message}`);
  }
  if (!verdict.ok) {
    print(`NOT VALID: ${file}`);
    if (verdict.position !== null) print(`first bad position: ${verdict.position}`);
    print(`reason: ${verdict.reason}`);
    return 1;
  }
  print(`valid: ${describe(verdict)}`);
  if (verdict.kind === 'evidence') explainEvidence(verdict);
  if (!key) warn();
  return 0;
}

function describe(verdict: Extract<Verdict, { ok: true }>): string {
  if (verdict.kind === 'certificate') return `erasure certificate of ${verdict.scanRef}, ${verdict.erasedAt}`;
  const { kind, events, from, to, treeSize, origin, keyId, erased } = verdict;
  const range = events > 0 ? `, positions ${from} to ${to}` : '';
  const gone = erased > 0 ? `, ${erased} with personal data erased` : '';
  return `${kind} of ${events} events${range}${gone}, in the tree of ${treeSize} signed by ${origin} (key ${keyId})`;
}

function explainEvidence({ session, madeAt, unproven, origin }: Extract<Verdict, { kind: 'evidence' }>): void {
  const reason = session.reason === null ? '' : ` (${session.reason})`;
  print(`session ${session.id}: ${session.status}${reason}; session and attempts are what its events say`);
  print(`It holds all events that the session had at ${madeAt}. Later events are not in it.`);
  print(`No event proves the following. ${origin} says it, and signed it with its key:`);
  for (const member of unproven) print(`  ${member}: ${wordsOf(member)}`);
}

function warn(): void {
  printError(
    'WARNING: checked with the key in the file itself. That proves only that the file is consistent in itself:',
  );
  printError('whoever forged it could have signed it with a key of their own. Give the key you trust with --key.');
}
