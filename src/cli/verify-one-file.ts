/** The part of `facecode verify` that needs nothing but the file and a key. The build makes it a program of its own. */
import { readFile } from 'node:fs/promises';
import { wordsOf } from '../audit/evidence-records.js';
import { parseTrustedKey, type TrustedKey } from '../journal/export/trusted-key.js';
import { print, printError, WrongUsage } from './command.js';
import { type Verdict, verifyAnyFile } from './verify-any-file.js';

export const keyUsage = '[--key <verifier key|PEM file|PEM>]';

type GoodVerdict = Extract<Verdict, { ok: true }>;

/** A PEM begins with dashes, which would make it an option: `--key "$(cat key.pem)"` is to work all the same. */
export function withPem(args: readonly string[]): string[] {
  const at = args.findIndex((arg, nth) => arg === '--key' && args[nth + 1]?.startsWith('-----BEGIN'));
  return at < 0 ? [...args] : args.toSpliced(at, 2, `--key=${args[at + 1]}`);
}

/** @param given null: no key to trust @throws WrongUsage */
export async function readKey(given: string | undefined): Promise<TrustedKey | null> {
  if (given === undefined) return null;
  const text = parseTrustedKey(given) ? given : await readFile(given, 'utf8').catch(keyThatIsNoFile);
  const key = parseTrustedKey(text);
  if (!key) throw new WrongUsage('--key takes <name>+<id>+<key>, the PEM of an Ed25519 public key, or a file with one');
  return key;
}

/** No such file: then it was not meant as one. A file that is there and cannot be read is another matter. */
function keyThatIsNoFile(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT' || error.code === 'ENAMETOOLONG') return '';
  throw error;
}

/**
 * What could not be read, in one line; null for any other error. Both programs end with 3 then: a file that cannot be
 * read is neither good nor bad.
 */
export function whyUnreadable(error: unknown): string | null {
  if (!(error instanceof Error) || !('syscall' in error)) return null;
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'EISDIR') return 'it cannot be read: it is a folder';
  return path === undefined ? null : `it cannot be read: ${error.message}`;
}

/** @returns the exit code: 0 good, 1 falsified or damaged, 2 a file that proves nothing */
export async function verifyOneFile(file: string, key: TrustedKey | null): Promise<number> {
  const verdict = await verifyAnyFile(file, key);
  if (verdict.ok === null) {
    printError(`${file}: this is not a file that Facecode can verify: ${verdict.reason}`);
    return 2;
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

function describe(verdict: GoodVerdict): string {
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
    'WARNING: no --key was given, so the file was checked with the key in the file itself. That proves only that',
  );
  printError('the file is consistent: whoever forged it could have signed it with a key of their own.');
}
