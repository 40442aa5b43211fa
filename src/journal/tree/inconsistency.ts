/** What can be wrong with the journal. Pure. */

/** The event, the tree it was sealed into, its place, the checkpoints over all of it, or what is kept of them outside. */
export const faultReasons = ['event', 'mac', 'gap', 'truncated', 'tree', 'checkpoint', 'signature', 'outside'] as const;

export interface JournalFault {
  reason: (typeof faultReasons)[number];
  /** the first position that it concerns; that of the next event when it concerns one that has none yet */
  position: number;
  /** for the operator, in one sentence */
  detail: string;
}

/** For those who ask for something signed meanwhile. */
export const nothingIsSigned =
  'The journal is inconsistent: nothing is signed until an operator has looked at it and accepted it.';

/** Nothing may be sealed or signed until an operator has accepted the journal. */
export class JournalInconsistent extends Error {
  constructor(readonly fault: JournalFault) {
    super(fault.detail);
  }
}
