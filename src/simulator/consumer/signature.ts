/** Standard Webhooks 1.0 as a receiver checks it; written from the specification alone, as a consumer's would be. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Fault } from './faults.js';

/** The specification leaves it to the receiver; its libraries take five minutes. */
const toleranceSeconds = 300;

export class SignatureCheck {
  private readonly key: Buffer;

  constructor(
    secret: string,
    private readonly faults: ReadonlySet<Fault>,
  ) {
    this.key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  }

  /** @returns the id that was signed, or null */
  idOf(headers: IncomingHttpHeaders, body: Buffer): string | null {
    const id = headers['webhook-id'];
    const timestamp = headers['webhook-timestamp'];
    const signatures = headers['webhook-signature'] ?? (this.faults.has('accepts-unsigned') ? 'none' : undefined);
    if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return null;
    if (!this.isRecent(timestamp)) return null;
    return this.isSigned(`${id}.${timestamp}.`, body, signatures) ? id : null;
  }

  private isRecent(timestamp: string): boolean {
    if (this.faults.has('ignores-timestamp')) return true;
    return /^\d{1,12}$/.test(timestamp) && Math.abs(Date.now() / 1000 - Number(timestamp)) <= toleranceSeconds;
  }

  private isSigned(before: string, body: Buffer, signatures: string): boolean {
    if (signatures === 'none') return this.faults.has('accepts-unsigned');
    const listed = signatures.split(' ').slice(0, this.faults.has('first-signature-only') ? 1 : undefined);
    if (this.faults.has('accepts-any-signature')) return listed.some((each) => each.startsWith('v1,'));
    const bytes = this.faults.has('signature-over-parsed') ? rewritten(body) : body;
    const expected = Buffer.from(`v1,${createHmac('sha256', this.key).update(before).update(bytes).digest('base64')}`);
    return listed.some((each) => isEqual(Buffer.from(each), expected));
  }
}

const isEqual = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

function rewritten(body: Buffer): Buffer {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(body.toString())));
  } catch {
    return body;
  }
}
