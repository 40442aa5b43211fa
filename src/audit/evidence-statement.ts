/**
 * The statement in an evidence file, which the service signs with the journal's key. It holds the number of the
 * session's events, and digests of the webhooks and deliveries. Without it nobody could see that the last events were cut
 * off. Pure.
 */
import { sign, verify, type KeyObject } from 'node:crypto';
import { canonicalJson, type Json } from '../core/canonical-json.js';
import { sha256 } from '../core/digest.js';

export interface EvidenceStatement {
  kind: 'facecode-evidence-statement';
  version: 1;
  sessionId: string;
  /** number of the session's events in the tree of `treeSize` events */
  events: number;
  treeSize: number;
  /** ISO 8601 */
  madeAt: string;
  /** SHA-256 (hex) of the RFC 8785 form of the file's `webhooks` */
  webhooksDigest: string;
  /** SHA-256 (hex) of the RFC 8785 form of the file's `deliveries` */
  deliveriesDigest: string;
}

export interface SignedEvidenceStatement extends EvidenceStatement {
  /** base64; Ed25519 over the RFC 8785 form of the statement without this member */
  signature: string;
}

/** @returns hex */
export const digestOfJson = (value: Json): string => sha256(canonicalJson(value)).toString('hex');

export function signStatement(statement: EvidenceStatement, key: KeyObject): SignedEvidenceStatement {
  return { ...statement, signature: sign(null, bytesOf(statement), key).toString('base64') };
}

/** @param signature as written in the file @param key the trusted one */
export function isSignedStatement(statement: EvidenceStatement, signature: unknown, key: KeyObject): boolean {
  if (typeof signature !== 'string') return false;
  const bytes = Buffer.from(signature, 'base64');
  // The last digit of base64 has unused bits. Accept one form only, so that nobody can change the file unnoticed.
  return bytes.toString('base64') === signature && verify(null, bytesOf(statement), key, bytes);
}

const bytesOf = (statement: EvidenceStatement): Buffer => Buffer.from(canonicalJson(statement as unknown as Json));
