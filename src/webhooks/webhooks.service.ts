/**
 * Receives: checks the signature over the raw bytes, keeps durably, answers. What a webhook means is decided by a job
 * (results.service.ts), never here: iDenfy waits, and what is kept can be applied again.
 */
import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { sha256 } from '../core/digest.js';
import { KeyedDigests } from '../core/keyed-digests.js';
import { WebhookSignatures } from '../idenfy/signature.js';
import { WebhookIntake } from './intake.service.js';
import { readWebhook, scanRefIn, storedBody, storedType } from './reading.js';

export type Receipt =
  | { kind: 'bad-signature' }
  | { kind: 'overloaded' }
  | { kind: 'received' }
  | { kind: 'duplicate' }
  /** JSON that is not a result */
  | { kind: 'quarantined' }
  /** also kept in quarantine */
  | { kind: 'not-json'; error: string };

@Injectable()
export class WebhooksService {
  constructor(
    @Inject(WebhookSignatures) private readonly signatures: WebhookSignatures,
    @Inject(WebhookIntake) private readonly intake: WebhookIntake,
    @Inject(KeyedDigests) private readonly digests: KeyedDigests,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @throws DatabaseUnavailable when it could not be kept; iDenfy resends */
  async receive(raw: Buffer, signature: string | undefined, eventType: string | null): Promise<Receipt> {
    const keyIndex = this.signatures.verify(raw, signature);
    if (keyIndex === null) return { kind: 'bad-signature' };
    const { isJson, ...read } = readWebhook(raw, eventType, this.settings.identificationFallback);
    const body = storedBody(raw, eventType, read);
    const scanRef = body && scanRefIn(body);
    const kept = await this.intake.keep({
      ...read,
      digest: sha256(raw),
      body,
      scanRefDigest: scanRef === null ? null : this.digests.of('webhook-scan-ref', scanRef),
      eventType: storedType(eventType),
      keyIndex,
      receivedAt: this.clock.now(),
    });
    if (!kept) return { kind: 'overloaded' };
    if (!isJson) return { kind: 'not-json', error: read.error ?? '' };
    if (!kept.fresh) return { kind: 'duplicate' };
    return { kind: read.state === 'quarantined' ? 'quarantined' : 'received' };
  }
}
