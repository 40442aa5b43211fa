import { canonicalJson, type Json } from '../../core/canonical-json.js';
import type { ProvableEvent } from '../event-row.js';

/** A leaf of the tree: the event as the API gives it, without `personal`, in the form of RFC 8785. */
export const leafOf = (event: ProvableEvent): string => canonicalJson(factsOf(event));

/** What the MAC of an event covers: its leaf without `position`, which the event gets only when it is sealed. */
export const macTextOf = (event: Omit<ProvableEvent, 'position'>): string =>
  canonicalJson({ ...factsOf({ ...event, position: 0 }), position: undefined });

function factsOf({
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
}: ProvableEvent): Readonly<Record<string, Json>> {
  const facts = { id, type, sessionId, attemptId, seq, position, at, actor, data, personalDigest };
  // `platform` is absent in events from before there were platforms.
  const all = platform === undefined ? facts : { ...facts, platform };
  return all as unknown as Readonly<Record<string, Json>>;
}
