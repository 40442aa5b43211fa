/** The result of a survey: whether the journal is valid, and the first fault. */
import { Inject, Injectable } from '@nestjs/common';
import type { Transaction } from '../../database/database.js';
import type { JournalFault } from './inconsistency.js';
import { JournalSurvey } from './journal-survey.service.js';

export interface Verification {
  valid: boolean;
  size: number;
  root: Buffer;
  firstBadPosition: number | null;
  reason: JournalFault['reason'] | null;
  /** the first fault */
  fault: JournalFault | null;
  /** positions of sealed events that are gone or not as they were recorded, as text: `7, 9-12` */
  badPositions: string;
  /** ids of events that wait to be sealed and that the service has not recorded */
  badEvents: string[];
}

@Injectable()
export class JournalVerification {
  constructor(@Inject(JournalSurvey) private readonly survey: JournalSurvey) {}

  /** Uses constant memory. Ignores events that are sealed while it runs. @param tx the transaction to read in, if any */
  async verify(tx?: Transaction): Promise<Verification> {
    const { size, root, faults, badPositions, badEvents } = await this.survey.make(tx);
    const fault = faults[0] ?? null;
    return {
      valid: fault === null,
      size,
      root,
      firstBadPosition: fault?.position ?? null,
      reason: fault?.reason ?? null,
      fault,
      badPositions: badPositions.toString(),
      badEvents,
    };
  }
}
