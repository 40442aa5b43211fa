/** Parsers of secrets: no fault says anything of the value but what is expected instead. */
import { createPrivateKey } from 'node:crypto';
import { listOf } from './parse-text.js';
import type { Parser } from './variable-reader.js';

export const adminKey: Parser<string> = (text) =>
  /^fc_[!-~]{32,}$/.test(text)
    ? { value: text }
    : { fault: 'is not usable, expected fc_ and at least 32 characters without white space' };

const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

const encryptionKey: Parser<Buffer> = (text) => {
  const value = Buffer.from(text, 'base64');
  return base64.test(text) && value.length === 32
    ? { value }
    : { fault: 'is not usable, expected the base64 of 32 bytes (openssl rand -base64 32), several by commas' };
};

/** The first seals, all open. */
export const encryptionKeys = listOf(encryptionKey);

/**
 * Takes PEM as files have it, PEM whose line ends became `\n` or blanks on their way through an environment, and bare
 * base64 DER. Gives PEM.
 */
export const journalKey: Parser<string> = (text) => {
  const bare = text.replaceAll(/-----(BEGIN|END) PRIVATE KEY-----|\\[rn]|\s/g, '');
  try {
    if (!base64.test(bare)) return { fault: journalKeyFault };
    const key = createPrivateKey({ key: Buffer.from(bare, 'base64'), format: 'der', type: 'pkcs8' });
    if (key.asymmetricKeyType !== 'ed25519') return { fault: journalKeyFault };
    return { value: key.export({ format: 'pem', type: 'pkcs8' }).toString() };
  } catch {
    return { fault: journalKeyFault };
  }
};

const journalKeyFault =
  'is not usable, expected an Ed25519 private key, PKCS#8 PEM or base64 DER (openssl genpkey -algorithm ed25519)';

/** HTTP Basic (RFC 7617) parts user and secret at the first colon. */
export const basicUser: Parser<string> = (text) =>
  text.includes(':') ? { fault: 'holds a colon, expected the API key alone' } : { value: text };

/** Keys of the iDenfy simulator begin with `sim-`. They are public, so their length does not matter. */
export const isSimulatorKey = (text: string): boolean => text.startsWith('sim-');

/** Our choice, because iDenfy's pages name no length. Nobody can guess 16 random characters. */
const shortestSigningKey = 16;
/** A digest of HMAC-SHA256 has 32 bytes. RFC 2104 discourages keys that are shorter than the digest. */
const shortSigningKey = 32;

export const isShortSigningKey = (text: string): boolean => text.length < shortSigningKey && !isSimulatorKey(text);

const signingKey: Parser<string> = (text) =>
  text.length >= shortestSigningKey || isSimulatorKey(text)
    ? { value: text }
    : {
        fault: `has a key with fewer than ${shortestSigningKey} characters, expected at least ${shortestSigningKey} in each, ${shortSigningKey} are better (openssl rand -hex 32)`,
      };

/** Signing keys of iDenfy's webhooks, any of which is accepted. */
export const signingKeys = listOf(signingKey);
