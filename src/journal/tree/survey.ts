/** The journal as its rows, its tree and the known checkpoints show it. */
import type { JournalFault } from './inconsistency.js';
import type { Positions } from './acceptance.js';
import type { TreeHead } from './merkle.js';

export interface Survey extends TreeHead {
  /**
   * In order of position; none: the journal is what the service has written. `size` and `root` are those of the tree that
   * an operator would accept: of the stored tree if it is the one that was signed, otherwise of one made from the rows.
   */
  faults: JournalFault[];
  /** size of the newest checkpoint that the journal's key has signed; 0: there is none */
  signedSize: number;
  /** whether the stored tree is the one that was signed */
  sound: boolean;
  /** events without a MAC are believed up to here, because a signed checkpoint covers them; only if not `sound` */
  confirmed: number;
  /** where the row is missing, or is not the event that the service has recorded; without those set aside before */
  badPositions: Positions;
  /** ids of events that wait to be sealed and whose MAC is wrong */
  badEvents: string[];
  /** sizes of stored checkpoints that do not belong to that tree */
  strangeCheckpoints: number[];
  /** how often operators have accepted the journal */
  accepted: number;
}
