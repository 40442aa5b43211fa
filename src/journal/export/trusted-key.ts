/** The key by which a file is verified, however it is given. Pure. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  type Checkpoint,
  type NoteVerifier,
  noteVerifier,
  openCheckpoint,
  parseVerifierKey,
} from '../tree/signed-note.js';

export interface TrustedKey {
  key: KeyObject;
  /** the journal it may speak for; null: a PEM does not say */
  name: string | null;
}

/** @param text `<name>+<key id>+<key>` (C2SP) or the PEM of an Ed25519 key @returns null when it is neither */
export function parseTrustedKey(text: string): TrustedKey | null {
  const verifier = parseVerifierKey(text);
  if (verifier) return { key: verifier.key, name: verifier.name };
  // A private key in the hands of a verifier is a mistake that must not pass unnoticed.
  if (!text.includes('-----BEGIN PUBLIC KEY-----')) return null;
  try {
    const key = createPublicKey(text);
    return key.asymmetricKeyType === 'ed25519' ? { key, name: null } : null;
  } catch {
    return null;
  }
}

export const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'spki' }).toString();

export const sameKey = (one: KeyObject, other: KeyObject): boolean => pemOf(one) === pemOf(other);

/** The checkpoint that a note is, when the key has signed it in the name of the journal that the note is of. */
export function openTrusted(note: string, { key, name }: TrustedKey): (Checkpoint & { signer: NoteVerifier }) | null {
  const signer = noteVerifier(name ?? note.slice(0, Math.max(0, note.indexOf('\n'))), key);
  const checkpoint = openCheckpoint(note, signer);
  return checkpoint?.origin === signer.name ? { ...checkpoint, signer } : null;
}
