/** What can be wrong with the journal. Pure. */

/** The API's description of `reason` explains each (journal.responses.ts). */
export const faultReasons = ['event', 'mac', 'gap', 'truncated', 'tree', 'checkpoint', 'signature', 'outside'] as const;

export interface JournalFault {
  reason: (typeof faultReasons)[number];
  /** the first position that it concerns; for an event without a position, the next free one */
  position: number;
  /** for the operator, in one sentence */
  detail: string;
}

/** The `detail` of answers that would need a signature. */
export const nothingIsSigned =
  'The journal is inconsistent: nothing is signed until an operator has looked at it and accepted it.';

/** Nothing may be sealed or signed until an operator has accepted the journal. */
export class JournalInconsistent extends Error {
  constructor(readonly fault: JournalFault) {
    super(fault.detail);
  }
}
