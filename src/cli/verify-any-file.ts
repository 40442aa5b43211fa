/** Finds out what kind of file it is, and verifies it. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type EvidenceVerdict, verifyEvidence } from '../audit/verify-evidence.js';
import { isNestedDeeper } from '../core/json-depth.js';
import { parseExactly } from '../journal/export/exact-json.js';
import { csvHead } from '../journal/export/export-text.js';
import { linesOf } from '../journal/export/lines.js';
import { parseTrustedKey, pemOf, sameKey, type TrustedKey } from '../journal/export/trusted-key.js';
import { canonical, hasMembers, isObject, type JsonObject, parseJson } from '../journal/export/verify-event.js';
import { bad, type BadFile, type ExportVerdict, verifyExport } from '../journal/export/verify-file.js';
import { type ErasureCertificate, isCertified } from '../privacy/certificate.js';

/** Evidence covers one session and a certificate is one page. A larger file can only be an export. */
const bundleBytesMost = 64 * 1024 * 1024;
/** The service writes nothing that is nested deeper. */
const levelsMost = 64;

/** The file claims nothing that can be verified. */
interface NoProof {
  ok: null;
  reason: string;
}

interface GoodCertificate {
  ok: true;
  kind: 'certificate';
  scanRef: string;
  erasedAt: string;
}

export type Verdict = ExportVerdict | EvidenceVerdict | GoodCertificate | NoProof;

const neither = 'it is not an NDJSON export, the evidence of a session or an erasure certificate';
const csv =
  'it is a CSV export, and CSV carries no proof. Export the same range with format=ndjson: that file can be verified';

/** @throws NodeJS.ErrnoException if the file cannot be read */
export async function verifyAnyFile(file: string, trusted: TrustedKey | null): Promise<Verdict> {
  const first = await firstLine(file);
  if (first === 'too-long') return { ok: null, reason: 'its first line is longer than anything that Facecode writes' };
  if (first === null) return { ok: null, reason: 'it is empty' };
  if (isCsvHead(first)) return { ok: null, reason: csv };
  if (isExportLine(first)) return verifyLines(file, trusted);
  const bundle = await readBundle(file);
  if (typeof bundle === 'string') return bad(null, bundle);
  if (bundle) {
    return bundle.kind === 'facecode-evidence' ? verifyEvidence(bundle, trusted) : verifyCertificate(bundle, trusted);
  }
  return (await hasExportLine(file)) ? verifyLines(file, trusted) : { ok: null, reason: neither };
}

/** The first line that is not blank; null if there is none. */
async function firstLine(file: string): Promise<string | 'too-long' | null> {
  try {
    for await (const line of linesOf(createReadStream(file))) if (line.trim() !== '') return line;
    return null;
  } catch (error) {
    if (error instanceof RangeError) return 'too-long';
    throw error;
  }
}

/** Also accepts what spreadsheets write: a byte order mark, and quotes. */
const isCsvHead = (line: string): boolean => line.replaceAll(/[\uFEFF"\r]/g, '') === csvHead.trimEnd();

function isExportLine(line: string): boolean {
  const value = parseJson(line);
  if (!isObject(value)) return false;
  const isEvent = value.position !== undefined && typeof value.id === 'string' && value.id.startsWith('evt_');
  return isEvent || value.kind === 'facecode-export-proof';
}

/** Finds an export whose first line is damaged: such a file is not valid, but it is still an export. */
async function hasExportLine(file: string): Promise<boolean> {
  try {
    for await (const line of linesOf(createReadStream(file))) if (isExportLine(line)) return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return false;
}

async function verifyLines(file: string, trusted: TrustedKey | null): Promise<ExportVerdict> {
  try {
    return await verifyExport(linesOf(createReadStream(file)), trusted);
  } catch (error) {
    if (error instanceof RangeError) return bad(null, 'a line is longer or nested deeper than any event');
    throw error;
  }
}

const claim = /"kind"\s*:\s*"facecode-(?:evidence|erasure-certificate|export-proof)"/;
const kinds: readonly unknown[] = ['facecode-evidence', 'facecode-erasure-certificate'];

/** @returns null: it does not claim to be evidence or a certificate; a text: why that claim is false */
async function readBundle(file: string): Promise<JsonObject | string | null> {
  if ((await stat(file)).size > bundleBytesMost) return null;
  const bytes = await readFile(file);
  const text = bytes.toString('utf8');
  if (!claim.test(text)) return null;
  if (isNestedDeeper(bytes, levelsMost)) return 'it is nested deeper than anything that Facecode writes';
  const bundle = parseJson(text);
  if (bundle === undefined && (await hasExportLine(file))) return null;
  if (!isObject(bundle)) return 'it is damaged or cut off: it is not a JSON object';
  const exact = kinds.includes(bundle.kind) ? parseExactly(text) : null;
  return exact ?? 'a member occurs twice, or another program has rewritten the file';
}

function verifyCertificate(bundle: JsonObject, trusted: TrustedKey | null): GoodCertificate | BadFile {
  const { signature, scanRef, erasedAt, version } = bundle;
  if (!isObject(signature) || !hasMembers(signature, ['algorithm', 'publicKey', 'value'])) {
    return bad(null, 'its signature is missing');
  }
  const { algorithm, publicKey, value } = signature;
  const own = typeof publicKey === 'string' ? parseTrustedKey(publicKey) : null;
  if (!own || (version !== 1 && version !== 2)) {
    return bad(null, 'it is not a certificate of version 1 or 2 that contains its public key');
  }
  if (trusted && !sameKey(trusted.key, own.key)) {
    return bad(null, 'it names a different key than the trusted one');
  }
  const isWhole = algorithm === 'Ed25519' && typeof value === 'string' && canonical(bundle) !== null;
  const certified = isWhole && isCertified(bundle as unknown as ErasureCertificate, pemOf(own.key));
  if (!certified) return bad(null, 'it is not signed with that key');
  return { ok: true, kind: 'certificate', scanRef: String(scanRef), erasedAt: String(erasedAt) };
}
