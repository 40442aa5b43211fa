/** Computes the session and its attempts from the events that prove them, and from nothing else. Pure. */
import { fold } from '../attempts/fold.js';
import { defaultPlatform } from '../core/platform.js';
import type { JournalEvent } from '../journal/journal-event.js';
import type { AttemptView, SessionView } from '../sessions/session-view.js';

/** Without secrets, and without `attempt`, which is one of the attempts. */
export type ProvenSession = Omit<SessionView, 'attempt' | 'attempts' | 'identification' | 'clientToken'>;
/** Without secrets, and without the hint of the code, which no event holds. */
export type ProvenAttempt = Omit<AttemptView, 'codeHint' | 'code' | 'url' | 'token'>;

/** The data of `session.created`. */
type Created = Pick<
  ProvenSession,
  'scanRef' | 'channels' | 'codeLifetimeSeconds' | 'maxAttempts' | 'retryOn' | 'locale'
> & { sessionLifetimeSeconds: number };
type CreatedPersonal = Partial<Pick<SessionView, 'reference' | 'metadata'>>;

/**
 * @param events all of one session, in order
 * @throws Error when they are not the history of a session
 */
export function provenSession(events: readonly JournalEvent[]): { session: ProvenSession; attempts: ProvenAttempt[] } {
  const [first, last] = [events[0], events.at(-1)];
  if (first?.type !== 'session.created' || !last || first.sessionId === null) {
    throw new Error('they do not begin with session.created');
  }
  const { attempts, status, reason, endedAt, seq } = fold(events);
  const asked = first.data as unknown as Created;
  const personal = first.personal as CreatedPersonal | null;
  const session = {
    id: first.sessionId,
    status,
    reason,
    scanRef: asked.scanRef,
    reference: personal?.reference ?? null,
    locale: asked.locale,
    metadata: personal?.metadata ?? {},
    channels: asked.channels,
    maxAttempts: asked.maxAttempts,
    attemptsLeft: Math.max(0, asked.maxAttempts - attempts.length),
    codeLifetimeSeconds: asked.codeLifetimeSeconds,
    retryOn: asked.retryOn,
    // The events of earlier versions have no platform: there was only one.
    platform: first.platform ?? defaultPlatform,
    seq,
    createdAt: first.at,
    updatedAt: last.at,
    expiresAt: new Date(Date.parse(first.at) + asked.sessionLifetimeSeconds * 1000).toISOString(),
    endedAt,
  };
  return { session, attempts };
}
