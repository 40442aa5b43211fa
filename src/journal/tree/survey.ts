/** The result of comparing rows, tree and known checkpoints of the journal. */
import type { JournalFault } from './inconsistency.js';
import type { Positions } from './acceptance.js';
import type { TreeHead } from './merkle.js';

export interface Survey extends TreeHead {
  /**
   * In order of position; empty: nothing is wrong. `size` and `root` describe the tree that an operator would accept: the
   * stored tree if it is the one that was signed, otherwise a tree made from the rows.
   */
  faults: JournalFault[];
  /** size of the newest checkpoint that the journal's key has signed; 0: there is none */
  signedSize: number;
  /** whether the stored tree is the one that was signed */
  sound: boolean;
  /** events without a MAC are believed up to here, because a signed checkpoint covers them; only if not `sound` */
  confirmed: number;
  /** positions whose row is missing or was changed, without those that were set aside before */
  badPositions: Positions;
  /** ids of events that wait to be sealed and whose MAC is wrong */
  badEvents: string[];
  /** sizes of stored checkpoints that do not belong to that tree */
  strangeCheckpoints: number[];
  /** how often operators have accepted the journal */
  accepted: number;
}
