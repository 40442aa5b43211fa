/** What evidence needs of the deliveries; the module is given who has them. */
import { Injectable } from '@nestjs/common';
import type { Json } from '../core/canonical-json.js';

export const EVIDENCE_DELIVERIES = Symbol('deliveries of events, for evidence');

export interface EvidenceDeliveries {
  /** What was sent of these events to whom and what came of it, oldest first; no secret and no answer's body. */
  ofEvents(eventIds: readonly string[]): Promise<readonly Json[]>;
}

/** Stands where nothing is delivered. */
@Injectable()
export class NoDeliveries implements EvidenceDeliveries {
  ofEvents(): Promise<readonly Json[]> {
    return Promise.resolve([]);
  }
}
