/** Finds out what a file is and verifies it as that. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type EvidenceVerdict, verifyEvidence } from '../audit/verify-evidence.js';
import { parseExactly } from '../journal/export/exact-json.js';
import { linesOf } from '../journal/export/lines.js';
import { parseTrustedKey, pemOf, sameKey, type TrustedKey } from '../journal/export/trusted-key.js';
import { isObject, type JsonObject, parseJson } from '../journal/export/verify-event.js';
import { type ExportVerdict, verifyExport } from '../journal/export/verify-file.js';
import { type ErasureCertificate, isCertified } from '../privacy/certificate.js';

/** Evidence is of one session and a certificate is a page; what is larger is an export. */
const bundleBytesMost = 64 * 1024 * 1024;

export type Verdict =
  ExportVerdict | EvidenceVerdict | { ok: true; kind: 'certificate'; scanRef: string; erasedAt: string };

/** @throws NodeJS.ErrnoException when it cannot be read, RangeError for a line without end */
export async function verifyAnyFile(file: string, trusted: TrustedKey | null): Promise<Verdict> {
  const bundle = await readBundle(file);
  if (bundle === 'ambiguous') {
    return {
      ok: false,
      position: null,
      reason: 'a member is there twice, or another program has written the file anew',
    };
  }
  if (bundle?.kind === 'facecode-evidence') return verifyEvidence(bundle, trusted);
  if (bundle) return verifyCertificate(bundle, trusted);
  return verifyExport(linesOf(createReadStream(file)), trusted);
}

/** null: it is an export, or nothing at all */
async function readBundle(file: string): Promise<JsonObject | 'ambiguous' | null> {
  if ((await stat(file)).size > bundleBytesMost || isExport(await firstLine(file))) return null;
  const text = await readFile(file, 'utf8');
  const bundle = parseJson(text);
  const kinds = ['facecode-evidence', 'facecode-erasure-certificate'];
  if (!isObject(bundle) || !kinds.some((kind) => kind === bundle.kind)) return null;
  return parseExactly(text) ?? 'ambiguous';
}

async function firstLine(file: string): Promise<string> {
  for await (const line of linesOf(createReadStream(file))) return line;
  return '';
}

function isExport(line: string): boolean {
  const value = parseJson(line);
  return isObject(value) && (value.position !== undefined || value.kind === 'facecode-export-proof');
}

function verifyCertificate(bundle: JsonObject, trusted: TrustedKey | null): Verdict {
  const no = (reason: string): Verdict => ({ ok: false, position: null, reason });
  const { signature, scanRef, erasedAt, version } = bundle;
  const own =
    isObject(signature) && typeof signature.publicKey === 'string' ? parseTrustedKey(signature.publicKey) : null;
  if (!own || version !== 1) return no('it is not a certificate of version 1 with its key');
  if (trusted && !sameKey(trusted.key, own.key)) return no('it names another key than the one it is verified with');
  const certified = isCertified(bundle as unknown as ErasureCertificate, pemOf(own.key));
  if (!certified) return no('it is not signed with that key');
  return { ok: true, kind: 'certificate', scanRef: String(scanRef), erasedAt: String(erasedAt) };
}
