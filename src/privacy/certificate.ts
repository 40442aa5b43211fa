/** What the service states about an erasure, signed with the journal's key. Pure. */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Actor } from '../core/actor.js';
import { canonicalJson, type Json } from '../core/canonical-json.js';

export interface ErasedKind {
  what: string;
  /** tables and columns */
  where: string;
  count: number;
  how: 'key destroyed' | 'removed';
}

/** A place that was looked at and left as it is. */
export interface KeptKind {
  what: string;
  /** tables and columns */
  where: string;
  count: number;
  why: string;
}

export interface ErasureStatement {
  kind: 'facecode-erasure-certificate';
  version: 2;
  scanRef: string;
  erasedAt: string;
  requestedBy: Actor;
  sessions: number;
  keysDestroyed: number;
  /** every place that was emptied, even if nothing was there */
  erased: ErasedKind[];
  /** every other place where the subject occurs */
  kept: KeptKind[];
  /** places that the service cannot look at */
  outside: string[];
  /** ids of the endpoints that had received events of the subject; `subject.erased` goes to each */
  endpoints: string[];
}

export interface ErasureCertificate extends ErasureStatement {
  signature: {
    /** over the RFC 8785 form of the certificate without this member */
    algorithm: 'Ed25519';
    /** PEM */
    publicKey: string;
    /** base64 */
    value: string;
  };
}

/** @param key Ed25519 private key */
export function certify(statement: ErasureStatement, key: KeyObject): ErasureCertificate {
  const value = sign(null, bytesOf(statement), key).toString('base64');
  const publicKey = createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString();
  return { ...statement, signature: { algorithm: 'Ed25519', publicKey, value } };
}

/** @param publicKeyPem the one that is trusted, not the one in the certificate */
export function isCertified({ signature, ...statement }: ErasureCertificate, publicKeyPem: string): boolean {
  return verify(null, bytesOf(statement), createPublicKey(publicKeyPem), Buffer.from(signature.value, 'base64'));
}

const bytesOf = (statement: ErasureStatement): Buffer => Buffer.from(canonicalJson(statement as unknown as Json));
