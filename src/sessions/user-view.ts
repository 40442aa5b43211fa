/**
 * The view for a client token: the progress of the session, and nothing about the rules that judge it. A person who tries a
 * mask must not learn which rule noticed it. The tables decide about each member; a new member does not compile until they
 * do. Pure.
 */
import type { Outcome } from '../attempts/outcome.js';
import type { AttemptView, SessionView } from './session-view.js';

/** For each member, whether the user sees it. */
type Table<Thing> = Record<keyof Thing, boolean>;
type ShownBy<Thing, T extends Table<Thing>> = {
  [Name in keyof Thing]-?: T[Name] extends true ? Name : never;
}[keyof Thing];

export const sessionForUser = {
  id: true,
  status: true,
  reason: true,
  scanRef: false,
  reference: false,
  locale: false,
  metadata: false,
  channels: false,
  maxAttempts: true,
  attemptsLeft: true,
  codeLifetimeSeconds: true,
  retryOn: true,
  platform: false,
  attempt: true,
  attempts: true,
  identification: false,
  clientToken: false,
  seq: true,
  createdAt: true,
  updatedAt: true,
  expiresAt: true,
  endedAt: true,
} as const satisfies Table<SessionView>;

export const attemptForUser = {
  id: true,
  number: true,
  state: true,
  code: false,
  url: false,
  token: false,
  codeHint: false,
  reason: true,
  issuedAt: true,
  revealedAt: true,
  expiresAt: true,
  endedAt: true,
  outcome: true,
  signals: false,
} as const satisfies Table<AttemptView>;

export const outcomeForUser = {
  status: true,
  failReason: false,
  source: false,
  at: false,
} as const satisfies Table<Outcome>;

/** Reasons that name no rule and no check. The user sees every other reason as null. */
export const reasonsForUser: readonly string[] = [
  'attempts-exhausted',
  'lifetime-over',
  'canceled',
  'superseded',
  'identification-required',
];

type UserOutcome = Pick<Outcome, ShownBy<Outcome, typeof outcomeForUser>>;

export type UserAttempt = Omit<Pick<AttemptView, ShownBy<AttemptView, typeof attemptForUser>>, 'outcome'> & {
  outcome: UserOutcome | null;
};

export type UserSession = Omit<
  Pick<SessionView, ShownBy<SessionView, typeof sessionForUser>>,
  'attempt' | 'attempts'
> & {
  attempt: UserAttempt | null;
  attempts: UserAttempt[];
};

export function userSession(view: SessionView): UserSession {
  return {
    ...pick(view, sessionForUser),
    reason: userReason(view.reason),
    attempt: view.attempt && userAttempt(view.attempt),
    attempts: view.attempts.map(userAttempt),
  };
}

const userAttempt = (view: AttemptView): UserAttempt => ({
  ...pick(view, attemptForUser),
  reason: userReason(view.reason),
  outcome: view.outcome && userOutcome(view.outcome),
});

export const userOutcome = (outcome: Outcome): UserOutcome => pick(outcome, outcomeForUser);

export const userReason = (reason: unknown): string | null =>
  typeof reason === 'string' && reasonsForUser.includes(reason) ? reason : null;

export function pick<Thing extends object, T extends Table<Thing>>(
  thing: Thing,
  table: T,
): Pick<Thing, ShownBy<Thing, T>> {
  const shown = Object.entries(thing).filter(([name]) => (table as Record<string, boolean>)[name] === true);
  return Object.fromEntries(shown) as Pick<Thing, ShownBy<Thing, T>>;
}

/** The names of the members that a table shows, for the OpenAPI document. */
export const shownBy = <T extends Record<string, boolean>>(table: T) =>
  Object.keys(table).filter((name) => table[name]) as {
    [Name in keyof T]: T[Name] extends true ? Name : never;
  }[keyof T][];
