/** Finds out what a file is and verifies it as that. */
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

/** Evidence is of one session and a certificate is a page; what is larger is an export. */
const bundleBytesMost = 64 * 1024 * 1024;
/** Nothing that the service writes is nested deeper. */
const levelsMost = 64;

/** The file claims nothing that could be proven or falsified. */
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

const neither = 'it is neither an NDJSON export nor the evidence of a session nor the certificate of an erasure';
const csv =
  'it is a CSV export, and CSV carries no proof. Export the same range with format=ndjson: that file can be verified';

/** @throws NodeJS.ErrnoException when it cannot be read */
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

/** The first that is not blank; null when there is none. */
async function firstLine(file: string): Promise<string | 'too-long' | null> {
  try {
    for await (const line of linesOf(createReadStream(file))) if (line.trim() !== '') return line;
    return null;
  } catch (error) {
    if (error instanceof RangeError) return 'too-long';
    throw error;
  }
}

/** Also as a spreadsheet writes it: with a byte order mark, with quotes. */
const isCsvHead = (line: string): boolean => line.replaceAll(/[\uFEFF"\r]/g, '') === csvHead.trimEnd();

function isExportLine(line: string): boolean {
  const value = parseJson(line);
  if (!isObject(value)) return false;
  const isEvent = value.position !== undefined && typeof value.id === 'string' && value.id.startsWith('evt_');
  return isEvent || value.kind === 'facecode-export-proof';
}

/** A damaged first line does not make an export a file that claims nothing. */
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

/** @returns null when it does not claim to be evidence or a certificate, a text when it claims so falsely: why */
async function readBundle(file: string): Promise<JsonObject | string | null> {
  if ((await stat(file)).size > bundleBytesMost) return null;
  const bytes = await readFile(file);
  const text = bytes.toString('utf8');
  if (!claim.test(text)) return null;
  if (isNestedDeeper(bytes, levelsMost)) return 'it is nested deeper than anything that Facecode writes';
  const bundle = parseJson(text);
  if (bundle === undefined && (await hasExportLine(file))) return null;
  if (!isObject(bundle)) return 'it is damaged or cut off: it is no JSON object';
  const exact = kinds.includes(bundle.kind) ? parseExactly(text) : null;
  return exact ?? 'a member is there twice, or another program has written the file anew';
}

function verifyCertificate(bundle: JsonObject, trusted: TrustedKey | null): GoodCertificate | BadFile {
  const { signature, scanRef, erasedAt, version } = bundle;
  if (!isObject(signature) || !hasMembers(signature, ['algorithm', 'publicKey', 'value'])) {
    return bad(null, 'its signature is missing');
  }
  const { algorithm, publicKey, value } = signature;
  const own = typeof publicKey === 'string' ? parseTrustedKey(publicKey) : null;
  if (!own || version !== 1) return bad(null, 'it is not a certificate of version 1 with its key');
  if (trusted && !sameKey(trusted.key, own.key)) {
    return bad(null, 'it names another key than the one it is verified with');
  }
  const isWhole = algorithm === 'Ed25519' && typeof value === 'string' && canonical(bundle) !== null;
  const certified = isWhole && isCertified(bundle as unknown as ErasureCertificate, pemOf(own.key));
  if (!certified) return bad(null, 'it is not signed with that key');
  return { ok: true, kind: 'certificate', scanRef: String(scanRef), erasedAt: String(erasedAt) };
}
