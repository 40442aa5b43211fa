/** Reads the erasures that exports and certificates of this journal prove. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { linesOf } from '../journal/export/lines.js';
import type { TrustedKey } from '../journal/export/trusted-key.js';
import { isObject, parseJson } from '../journal/export/verify-event.js';
import type { PastErasure } from '../privacy/erasure-replay.js';
import { verifyAnyFile } from './verify-any-file.js';

export interface PastErasures {
  asked: PastErasure[];
  /** number of erasures by PERSONAL_DATA_RETENTION_DAYS; the service repeats those by itself */
  byRetention: number;
}

/** @returns `reason`: why the file proves no erasure. `invalid`: it claims to prove some, and fails */
export async function pastErasuresIn(
  file: string,
  trusted: TrustedKey,
): Promise<PastErasures | { invalid: boolean; reason: string }> {
  const verdict = await verifyAnyFile(file, trusted);
  if (verdict.ok === null) return { invalid: false, reason: verdict.reason };
  if (!verdict.ok) return { invalid: true, reason: verdict.reason };
  if (verdict.kind === 'evidence') {
    return { invalid: false, reason: 'it is the evidence of one session, and erasures are events of no session' };
  }
  return verdict.kind === 'certificate' ? ofCertificate(file) : ofExport(file);
}

async function ofCertificate(file: string): Promise<PastErasures> {
  const { scanRef, erasedAt } = JSON.parse(await readFile(file, 'utf8')) as { scanRef: string; erasedAt: string };
  return { asked: [{ scanRef, erasedAt: new Date(erasedAt) }], byRetention: 0 };
}

async function ofExport(file: string): Promise<PastErasures> {
  const found: PastErasures = { asked: [], byRetention: 0 };
  for await (const line of linesOf(createReadStream(file))) {
    const event = parseJson(line);
    if (!isObject(event) || event.type !== 'subject.erased' || !isObject(event.data)) continue;
    const { scanRef, because, again } = event.data;
    if (because === 'retention') found.byRetention += 1;
    else if (typeof scanRef === 'string' && typeof event.at === 'string') {
      // A repeated erasure counts as of the time of the first one.
      found.asked.push({ scanRef, erasedAt: new Date(typeof again === 'string' ? again : event.at) });
    }
  }
  return found;
}
