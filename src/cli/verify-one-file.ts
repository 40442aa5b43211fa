/** The part of `facecode verify` that needs only the file and a key. It is also the offline verifier. */
import { readFile } from 'node:fs/promises';
import { wordsOf } from '../audit/evidence-records.js';
import { parseTrustedKey, type TrustedKey } from '../journal/export/trusted-key.js';
import { print, printError, WrongUsage } from './command.js';
import { type Verdict, verifyAnyFile } from './verify-any-file.js';

export const keyUsage = '[--key <verifier key|PEM file|PEM>]';

type GoodVerdict = Extract<Verdict, { ok: true }>;

/** Makes `--key "$(cat key.pem)"` work: a PEM begins with dashes and would be parsed as an option. */
export function withPem(args: readonly string[]): string[] {
  const at = args.findIndex((arg, nth) => arg === '--key' && args[nth + 1]?.startsWith('-----BEGIN'));
  return at < 0 ? [...args] : args.toSpliced(at, 2, `--key=${args[at + 1]}`);
}

/** @param given undefined: there is no key to trust @throws WrongUsage */
export async function readKey(given: string | undefined): Promise<TrustedKey | null> {
  if (given === undefined) return null;
  const text = parseTrustedKey(given) ? given : await readFile(given, 'utf8').catch(keyThatIsNoFile);
  const key = parseTrustedKey(text);
  if (!key) throw new WrongUsage('--key takes <name>+<id>+<key>, the PEM of an Ed25519 public key, or a file with one');
  return key;
}

/** If there is no such file, the text was not meant as a file name. A file that cannot be read is an error. */
function keyThatIsNoFile(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT' || error.code === 'ENAMETOOLONG') return '';
  throw error;
}

/**
 * Says in one line what could not be read; null for any other error. The exit code is then 3, because an unreadable
 * file is neither valid nor not valid.
 */
export function whyUnreadable(error: unknown): string | null {
  if (!(error instanceof Error) || !('syscall' in error)) return null;
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'EISDIR') return 'the file cannot be read: it is a folder';
  return path === undefined ? null : `the file cannot be read: ${error.message}`;
}

/** @returns the exit code: 0 valid, 1 falsified or damaged, 2 a file that proves nothing */
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
  if (verdict.kind === 'platform-export') explainPlatform(verdict);
  if (!key) warn();
  return 0;
}

function describe(verdict: GoodVerdict): string {
  if (verdict.kind === 'certificate') return `erasure certificate of ${verdict.scanRef}, ${verdict.erasedAt}`;
  const { kind, events, from, to, treeSize, origin, keyId, erased } = verdict;
  const range = events > 0 ? `, positions ${from} to ${to}` : '';
  const gone = erased > 0 ? `, ${erased} with personal data erased` : '';
  const what =
    kind === 'platform-export' ? `export of ${verdict.platform}, ${events} events` : `${kind} of ${events} events`;
  return `${what}${range}${gone}, in the tree of ${treeSize} signed by ${origin} (key ${keyId})`;
}

function explainEvidence({ session, madeAt, unproven, origin }: Extract<Verdict, { kind: 'evidence' }>): void {
  const reason = session.reason === null ? '' : ` (${session.reason})`;
  print(`session ${session.id}: ${session.status}${reason}; session and attempts match its events`);
  print(`The file has all events of the session up to ${madeAt}. Later events are not in it.`);
  print(`No event proves the following. ${origin} vouches for it with its signature:`);
  for (const member of unproven) print(`  ${member}: ${wordsOf(member)}`);
}

function explainPlatform({ platform, events, from, to, origin }: Extract<Verdict, { kind: 'platform-export' }>): void {
  print(
    `Each event is proven. No proof shows that the file has all events of ${platform}, because the events of other`,
  );
  print(
    `platforms are not in it. ${origin} vouches with its signature: there are ${events} from position ${from} to ${to}.`,
  );
}

function warn(): void {
  printError(
    'WARNING: without --key the file was checked with the key in the file itself. That proves only that the file',
  );
  printError('is consistent: a forger could have signed it with a key of their own.');
}
