import { canonicalJson, type Json } from '../../core/canonical-json.js';
import type { ProvableEvent } from '../event-row.js';

/** A leaf of the tree: the event as the API gives it, without `personal`, in the form of RFC 8785. */
export function leafOf({
  id,
  type,
  sessionId,
  attemptId,
  seq,
  position,
  at,
  actor,
  data,
  personalDigest,
}: ProvableEvent): string {
  const facts = { id, type, sessionId, attemptId, seq, position, at, actor, data, personalDigest };
  return canonicalJson(facts as unknown as Json);
}
