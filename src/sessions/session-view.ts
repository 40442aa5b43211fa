/** A session as the API gives it. */
import type { RevealedCode } from '../attempts/attempt-secret.js';
import type { Identification } from '../attempts/identifications.store.js';
import type { Outcome, RetryCause } from '../attempts/outcome.js';
import { type AttemptRow, liveAttempt, type SessionWithAttempts } from '../attempts/rows.js';
import type { AttemptState, SessionStatus } from '../attempts/states.js';
import type { PersonalFields } from './session-personal.js';

export interface AttemptView extends RevealedCode {
  id: string;
  number: number;
  state: AttemptState;
  codeHint: string | null;
  /** why it is void */
  reason: string | null;
  issuedAt: string | null;
  revealedAt: string | null;
  expiresAt: string | null;
  endedAt: string | null;
  outcome: Outcome | null;
  signals: string[];
}

export interface SessionView {
  id: string;
  status: SessionStatus;
  reason: string | null;
  scanRef: string;
  reference: string | null;
  locale: string | null;
  metadata: Record<string, string>;
  channels: string[];
  maxAttempts: number;
  attemptsLeft: number;
  codeLifetimeSeconds: number;
  retryOn: RetryCause[];
  platform: string;
  /** the live attempt, or the last one */
  attempt: AttemptView | null;
  attempts: AttemptView[];
  /** where the user identifies anew (IDENTIFICATION_FALLBACK), until that is done; never in lists */
  identification?: Identification;
  clientToken?: string;
  seq: number;
  createdAt: string;
  updatedAt: string;
  /** end of the session's lifetime */
  expiresAt: string;
  endedAt: string | null;
}

const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

/** Never with a code. */
export function attemptView(row: AttemptRow): AttemptView {
  return {
    id: row.id,
    number: row.number,
    state: row.state,
    codeHint: row.codeHint,
    reason: row.reason,
    issuedAt: iso(row.issuedAt),
    revealedAt: iso(row.revealedAt),
    expiresAt: iso(row.expiresAt),
    endedAt: iso(row.endedAt),
    outcome: row.outcome,
    signals: row.signals,
  };
}

/** @param revealed the live code, in the answers that hand it out */
export function sessionView(
  { session, attempts }: SessionWithAttempts,
  personal: PersonalFields,
  revealed?: RevealedCode,
  identification?: Identification | null,
): SessionView {
  const current = liveAttempt(attempts) ?? attempts.at(-1) ?? null;
  return {
    id: session.id,
    status: session.status,
    reason: session.reason,
    scanRef: session.scanRef,
    reference: personal.reference,
    locale: session.locale,
    metadata: personal.metadata,
    channels: session.channels,
    maxAttempts: session.maxAttempts,
    attemptsLeft: Math.max(0, session.maxAttempts - attempts.length),
    codeLifetimeSeconds: session.codeLifetimeSeconds,
    retryOn: session.retryOn,
    platform: session.platform,
    attempt: current && { ...attemptView(current), ...revealed },
    attempts: attempts.map(attemptView),
    ...(identification ? { identification } : {}),
    seq: session.seq,
    createdAt: session.createdAt.toISOString(),
    updatedAt: session.updatedAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    endedAt: iso(session.endedAt),
  };
}
