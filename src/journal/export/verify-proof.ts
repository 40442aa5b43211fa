/** Reads the proofs in files, strictly: anything that does not have exactly the expected form is refused. Pure. */
import type { KeyObject } from 'node:crypto';
import type { Json } from '../../core/canonical-json.js';
import { hashLength } from '../tree/merkle.js';
import { parseVerifierKey } from '../tree/signed-note.js';
import { openTrusted, parseTrustedKey, pemOf, sameKey, type TrustedKey } from './trusted-key.js';
import type { JsonObject } from './verify-event.js';

/** @returns null unless each item is one hash in canonical base64 */
export function readHashes(value: Json | undefined): Buffer[] | null {
  if (!Array.isArray(value)) return null;
  const hashes: Buffer[] = [];
  for (const item of value as readonly Json[]) {
    const hash = Buffer.from(typeof item === 'string' ? item : '', 'base64');
    if (hash.length !== hashLength || hash.toString('base64') !== item) return null;
    hashes.push(hash);
  }
  return hashes;
}

export interface SignedTree {
  size: number;
  root: Buffer;
  origin: string;
  keyId: string;
  /** the key that signed the checkpoint */
  key: KeyObject;
}

/**
 * Reads the tree that the file's checkpoint signs.
 * @param trusted null: use the key in the file, which proves only that the file is consistent
 * @returns a text that says what is wrong
 */
export function readSignedTree(file: JsonObject, trusted: TrustedKey | null): SignedTree | string {
  const { checkpoint, treeSize, publicKey, verifierKey } = file;
  if (typeof checkpoint !== 'string' || typeof publicKey !== 'string') return 'its checkpoint or its key is missing';
  const own = parseTrustedKey(publicKey);
  if (!own || pemOf(own.key).trimEnd() !== publicKey.trimEnd()) return 'its public key is not an Ed25519 key in PEM';
  const named = typeof verifierKey === 'string' ? parseVerifierKey(verifierKey) : null;
  if (verifierKey !== undefined && !(named && sameKey(named.key, own.key))) return 'its two keys are not the same';
  const key = trusted ?? named ?? own;
  if (!sameKey(key.key, own.key)) return 'it names a different key than the trusted one';
  const opened = openTrusted(checkpoint, key);
  if (!opened) return 'its checkpoint is not signed with that key';
  if (named && named.name !== opened.origin) return 'its key is of another journal';
  if (opened.size !== treeSize) return 'its checkpoint is of another tree';
  const { size, root, origin, signer } = opened;
  return { size, root, origin, keyId: signer.keyId.toString('hex'), key: signer.key };
}
