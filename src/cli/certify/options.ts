import { parseArgs } from 'node:util';
import { readWebhookSecret } from '../../core/standard-webhooks.js';
import { WrongUsage } from '../command.js';

export interface Options {
  url: string;
  /** without its query, which may hold a secret of the consumer's */
  shownUrl: string;
  key: Buffer;
  /** null: effects are not checked */
  effectsUrl: string | null;
  /** for each answer */
  timeoutSeconds: number;
  json: boolean;
}

/** Where a secret can come from besides the command line, which other users of the machine can read. */
export interface SecretSources {
  file(path: string): string;
  standardInput(): Promise<string>;
}

/** Facecode's own deadline for a delivery: nothing is gained by waiting longer. */
const defaultTimeout = '15';

/** @throws WrongUsage, whose message never holds what may be a secret */
export async function readOptions(args: string[], sources: SecretSources): Promise<Options> {
  const { values, positionals } = parse(args);
  if (positionals.length !== 1) throw new WrongUsage('say the one URL of the consumer');
  const url = readUrl(positionals[0]!, 'the consumer');
  const timeoutSeconds = Number(values['timeout-seconds']);
  if (!/^\d{1,2}$/.test(values['timeout-seconds']) || timeoutSeconds < 1 || timeoutSeconds > 60) {
    throw new WrongUsage('--timeout-seconds takes 1 to 60');
  }
  const effectsUrl = values['effects-url'];
  return {
    url: url.href,
    shownUrl: `${url.origin}${url.pathname}`,
    key: await readKey(values.secret, values['secret-file'], sources),
    effectsUrl: effectsUrl === undefined ? null : readUrl(effectsUrl, '--effects-url').href,
    timeoutSeconds,
    json: values.json,
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        secret: text,
        'secret-file': text,
        'effects-url': text,
        'timeout-seconds': { type: 'string', default: defaultTimeout },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // Node quotes what it does not understand, and that may be a misplaced secret.
    throw new WrongUsage((error as Error).message.replaceAll(/whsec_[^\s'"]*/g, 'whsec_…'));
  }
}

function readUrl(text: string, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw new WrongUsage(`${what} takes an http or https URL`);
  if (url.username !== '' || url.password !== '') throw new WrongUsage(`${what}: no user and password in the URL`);
  return url;
}

async function readKey(given: string | undefined, file: string | undefined, sources: SecretSources): Promise<Buffer> {
  if ((given === undefined) === (file === undefined)) throw new WrongUsage('give --secret-file or --secret');
  const key = readWebhookSecret((given ?? (await readSecretFile(file!, sources))).trim());
  if (!key) throw new WrongUsage('the secret is not whsec_ and the base64 of 24 to 64 bytes');
  return key;
}

async function readSecretFile(path: string, sources: SecretSources): Promise<string> {
  if (path === '-') return sources.standardInput();
  try {
    return sources.file(path);
  } catch (error) {
    throw new WrongUsage(`--secret-file cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown fault'}`);
  }
}
