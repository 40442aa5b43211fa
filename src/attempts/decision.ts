/** The words of the decision: what goes into it and what comes out. `decide` is in ./attempt.ts. */
import type { HoldingSignal, Signal } from '../config/read-signals.js';
import type { FinalStatus } from '../idenfy/contract.js';
import type { NewEvent } from '../journal/journal-event.js';
import type { Outcome, RetryCause } from './outcome.js';
import type { Channel } from './rows.js';
import type { AttemptState, SessionStatus } from './states.js';

export interface SessionFacts {
  status: SessionStatus;
  /** why it is in review, or has ended */
  reason: string | null;
  scanRef: string;
  maxAttempts: number;
  retryOn: readonly RetryCause[];
  /** end of the lifetime: after it no new code is issued */
  expiresAt: Date;
  /** of the latest attempt that had an outcome */
  lastOutcome: FinalStatus | null;
  channels: readonly Channel[];
  /** of all its attempts */
  signals: readonly Signal[];
}

export interface AttemptFacts {
  id: string;
  number: number;
  state: AttemptState;
  /** why it is void */
  reason: string | null;
  outcome: Outcome | null;
  /** when its code was first handed out */
  revealedAt: Date | null;
  /** of its code; null: it has none yet */
  expiresAt: Date | null;
  signals: readonly Signal[];
}

/** What iDenfy tells about the selfie besides its outcome. */
interface Selfie {
  ip: string | null;
  riskTags: readonly string[];
  /** when iDenfy's result arrived here, even if it is applied much later; absent: now */
  receivedAt?: Date;
}

/** Why no code could be had, for good. */
export type IssueRefusal = 'identification-required' | 'scan-ref-not-found' | 'not-eligible' | 'provider-rejected';

/** What a result says it is about; null where it says nothing. */
export interface ResultClaims {
  scanRef: string | null;
  type: string | null;
  method: string | null;
}

/** iDenfy's result for a session, from the webhook or from the session API. */
export interface ResultInput {
  kind: 'result';
  outcome: Outcome;
  claims: ResultClaims;
  selfie?: Selfie;
  personal?: NewEvent['personal'];
}

export type Input =
  | { kind: 'code-issued'; issuedAt: Date; expiresAt: Date; deadlineAt: Date; codeHint: string | null }
  /** `identificationScanRef`: of the identification that iDenfy was asked for instead */
  | { kind: 'issue-refused'; reason: IssueRefusal; detail: string; identificationScanRef?: string }
  | { kind: 'revealed' }
  | ResultInput
  | { kind: 'superseded' }
  | { kind: 'canceled' }
  /** the session's lifetime is over and the attempt has no code yet */
  | { kind: 'lifetime-over' };

/** What else is true at the moment of the decision. */
export interface Moment {
  now: Date;
  /** whether iDenfy has to confirm what its webhook told, and what waits for that */
  confirmPass: 'off' | 'observe' | 'enforce';
  /** how long after the expiry of its code a pass is still in time */
  deadlineGraceSeconds: number;
  /** too many failures of the scanRef: until then it passes nowhere; null when it is free */
  lockedUntil: Date | null;
  /** id for the attempt that follows, should one follow */
  nextAttemptId: string;
  /** of who asked for the session, where a result is judged by it; null: not known, or erased */
  initiatorIp: string | null;
  signals: { hold: readonly HoldingSignal[]; tooFastSeconds: number };
}

/** In order of precedence: the first that applies is named. `unknown-token` is told before there is an attempt to ask. */
export type Refusal =
  'unknown-token' | 'mismatched-session' | 'session-closed' | 'superseded' | 'already-final' | 'not-allowed-from-state';

/** Columns of the attempt that change. */
export interface AttemptChange {
  state: AttemptState;
  reason?: string;
  outcome?: Outcome;
  codeHint?: string | null;
  issuedAt?: Date;
  revealedAt?: Date;
  expiresAt?: Date;
  deadlineAt?: Date;
  endedAt?: Date;
  /** when iDenfy is to be asked whether the pass is one */
  confirmAt?: Date;
  /** those that were raised now */
  signals?: readonly Signal[];
}

export interface SessionChange {
  status: SessionStatus;
  /** null: none; absent: as it was */
  reason?: string | null;
  endedAt?: Date;
}

/** The attempt that is requested by a decision. */
export interface NextAttempt {
  id: string;
  number: number;
}

export interface Moved {
  kind: 'moved';
  /** null when only the session moves */
  attempt: AttemptChange | null;
  session: SessionChange | null;
  events: NewEvent[];
  next: NextAttempt | null;
  /** raised on an attempt that does not move */
  signals?: readonly Signal[];
}

/** `signals` are the attempt's, raised by what was refused. */
export type Refused = { kind: 'refused'; reason: Refusal; events: NewEvent[]; signals: readonly Signal[] };

export type Decision = Moved | { kind: 'replayed' } | Refused;
