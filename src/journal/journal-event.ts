import type { Json } from '../core/canonical-json.js';
import type { Actor } from '../core/actor.js';
import { defaultPlatform } from '../core/platform.js';
import type { EventType } from './event-types.js';

/** Facts of an event: never a code, a secret, a photo or its address; personal data stands apart. */
export type EventData = { readonly [name: string]: Json };

/** An event about to be appended. Its seq, id and time are given by the append. */
export interface NewEvent {
  type: EventType;
  attemptId: string | null;
  data: EventData;
  /** addresses, user agents, references: kept apart, so that they can be erased while the event stays provable */
  personal?: EventData;
}

/** An event as the API gives it. */
export interface JournalEvent {
  id: string;
  type: EventType;
  /** null for what concerns no single platform; absent in events that were sealed before there were platforms */
  platform?: string | null;
  /** null for what belongs to no session */
  sessionId: string | null;
  attemptId: string | null;
  /** per session, from 1, without gaps; null with `sessionId` */
  seq: number | null;
  /** over the whole journal, from 1, without gaps */
  position: number;
  at: string;
  actor: Actor;
  data: EventData;
  /** null when there is none (no `personalDigest`) or it was erased */
  personal: ({ salt: string } & EventData) | null;
  /** SHA-256 (hex) of the canonical form of `personal`; stays when that is erased */
  personalDigest: string | null;
}

/**
 * The platform that an event belongs to; null: no single platform. It is a column of the event's row. Before there were
 * platforms, all sessions belonged to the default one.
 */
export function platformOf({ platform, sessionId }: Pick<JournalEvent, 'platform' | 'sessionId'>): string | null {
  if (platform !== undefined) return platform;
  return sessionId === null ? null : defaultPlatform;
}
