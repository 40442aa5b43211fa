/**
 * Four eyes (REVIEW_FOUR_EYES): decides whether two API keys count as two people. The service cannot see people. It sees
 * the owner that a key names, when the key was made, and which key made it. Pure.
 */

/** An API key, and the person or system that holds it. */
interface HeldKey {
  readonly id: string;
  readonly owner: string | null;
}

/** An API key that decides on a held pass. */
export interface Reviewer extends HeldKey {
  /** has the scope `review` by name, not only `admin` */
  readonly hasReviewScope: boolean;
  readonly createdAt: Date;
  /** the key that made this one, the key that made that one, and so on */
  readonly makers: readonly HeldKey[];
}

/** The first approval of a pass. */
export interface Approval {
  readonly by: Reviewer;
  readonly at: Date;
}

/** Why a key can approve no pass at all, or not this pass, whichever the other key is. */
type KeyRefusal = 'admin-alone' | 'no-owner' | 'key-too-new';
/** Why two keys are not two people. */
type PairRefusal = 'second-reviewer-needed' | 'same-owner' | 'key-of-other-reviewer';
export type FourEyesRefusal = KeyRefusal | PairRefusal;

/** An administrator could make a review key at any time, so `admin` is no second person. */
export const whyNotDecide = ({ hasReviewScope }: Pick<Reviewer, 'hasReviewScope'>): 'admin-alone' | null =>
  hasReviewScope ? null : 'admin-alone';

/** @param heldAt when the pass was first held; a reviewer could have made a later key in order to approve twice */
export function whyNotApprove(key: Reviewer, heldAt: Date): KeyRefusal | null {
  if (ownerOf(key) === null) return 'no-owner';
  return key.createdAt > heldAt ? 'key-too-new' : whyNotDecide(key);
}

/** The approvals that count. A version with weaker rules may have stored others. */
export const counting = (approvals: readonly Approval[], heldAt: Date): Approval[] =>
  approvals.filter(({ by }) => whyNotApprove(by, heldAt) === null);

/** Both orders give the same answer. */
export function whyNotTogether(one: Reviewer, other: Reviewer): PairRefusal | null {
  if (one.id === other.id) return 'second-reviewer-needed';
  if (ownerOf(one) === ownerOf(other)) return 'same-owner';
  return descends(one, other) || descends(other, one) ? 'key-of-other-reviewer' : null;
}

/** Whether the key was made, directly or through other keys, by the other key or by another key of its owner. */
const descends = (key: Reviewer, from: Reviewer): boolean =>
  key.makers.some((maker) => maker.id === from.id || ownerOf(maker) === ownerOf(from));

/** Spellings of one name are one owner: `Alice` and ` alice`. */
function ownerOf({ owner }: HeldKey): string | null {
  const name = (owner ?? '').normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
  return name === '' ? null : name;
}
