/** The rows of sessions and attempts with the types that the database's texts stand for. */
import type { Signal } from '../config/read-signals.js';
import type { attempts, sessions } from '../database/schema.js';
import type { FinalStatus } from '../idenfy/contract.js';
import type { SubjectKey } from '../journal/personal-keys.js';
import type { AttemptFacts, SessionFacts } from './decision.js';
import type { Outcome, RetryCause } from './outcome.js';
import { type AttemptState, isFinalAttempt, type SessionStatus } from './states.js';

/** How the code reaches the user: digits for the iDenfy app, an address for a browser, a token for iDenfy's SDKs. */
export const channels = ['code', 'web', 'sdk'] as const;
export type Channel = (typeof channels)[number];

export type SessionRow = Omit<typeof sessions.$inferSelect, 'status' | 'channels' | 'retryOn'> & {
  status: SessionStatus;
  channels: Channel[];
  retryOn: RetryCause[];
};

/** A session about to be inserted. */
export type NewSession = typeof sessions.$inferInsert & Pick<SessionRow, 'platform'>;

export type AttemptRow = Omit<typeof attempts.$inferSelect, 'state' | 'outcome' | 'signals'> & {
  state: AttemptState;
  outcome: Outcome | null;
  signals: Signal[];
};

/** A session with all its attempts, oldest first. */
export interface SessionWithAttempts {
  session: SessionRow;
  attempts: AttemptRow[];
  /** that its personal data is sealed with; null: the service's own */
  subjectKey: SubjectKey | null;
}

export function sessionFacts({ session, attempts }: SessionWithAttempts): SessionFacts {
  return { ...session, lastOutcome: lastOutcome(attempts), signals: signalsOf(attempts) };
}

/** Of the whole session, each once, in the order of its attempts. */
export function signalsOf(attempts: readonly AttemptRow[]): Signal[] {
  return [...new Set(attempts.flatMap(({ signals }) => signals))];
}

export const attemptFacts = (row: AttemptRow): AttemptFacts => row;

/** The attempt that has not ended; there is at most one. */
export function liveAttempt(attempts: readonly AttemptRow[]): AttemptRow | null {
  return attempts.find(({ state }) => !isFinalAttempt(state)) ?? null;
}

function lastOutcome(attempts: readonly AttemptRow[]): FinalStatus | null {
  return attempts.findLast(({ outcome }) => outcome !== null)?.outcome?.status ?? null;
}
