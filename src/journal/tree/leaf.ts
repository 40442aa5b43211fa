import { canonicalJson, type Json } from '../../core/canonical-json.js';
import type { ProvableEvent } from '../event-row.js';

/** A leaf of the tree: the event as the API gives it, without `personal`, in the form of RFC 8785. */
export function leafOf({
  id,
  type,
  platform,
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
  // Absent in events from before there were platforms.
  return canonicalJson((platform === undefined ? facts : { ...facts, platform }) as unknown as Json);
}
