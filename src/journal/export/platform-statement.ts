/**
 * The statement that the service signs about an export of one platform's events: their number. The proofs show that each
 * event is in the journal. Only this statement says that none was left out. Pure.
 */
import { sign, verify, type KeyObject } from 'node:crypto';
import { canonicalJson, type Json } from '../../core/canonical-json.js';

export interface PlatformStatement {
  kind: 'facecode-platform-export-statement';
  version: 1;
  platform: string;
  /** positions, both included */
  from: number;
  to: number;
  /** number of the platform's events at these positions */
  events: number;
  treeSize: number;
}

/** @returns base64; Ed25519 over the RFC 8785 form of the statement */
export const signPlatformStatement = (statement: PlatformStatement, key: KeyObject): string =>
  sign(null, bytesOf(statement), key).toString('base64');

export function isSignedPlatformStatement(statement: PlatformStatement, signature: unknown, key: KeyObject): boolean {
  if (typeof signature !== 'string') return false;
  const bytes = Buffer.from(signature, 'base64');
  // The last digit of base64 has unused bits. Accept one form only, so that nobody can change the file unnoticed.
  return bytes.toString('base64') === signature && verify(null, bytesOf(statement), key, bytes);
}

const bytesOf = (statement: PlatformStatement): Buffer => Buffer.from(canonicalJson(statement as unknown as Json));
