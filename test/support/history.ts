/** Random histories of one session, made by the real decisions on rows and a journal in memory. */
import fc from 'fast-check';
import { decide } from '../../src/attempts/attempt.js';
import type { AttemptFacts, Input, Moment, Moved, SessionFacts } from '../../src/attempts/decision.js';
import type { Folded } from '../../src/attempts/fold.js';
import { type RetryCause, retryCauses } from '../../src/attempts/outcome.js';
import { type Confirmation, confirmPass } from '../../src/attempts/pass.js';
import { type Approval, reviewPass } from '../../src/attempts/review.js';
import { close, requestAttempt, requested } from '../../src/attempts/session.js';
import { isFinalAttempt } from '../../src/attempts/states.js';
import { flag } from '../../src/attempts/signals.js';
import { type HoldingSignal, holdingSignals, type Signal } from '../../src/config/read-signals.js';
import { finalStatuses } from '../../src/idenfy/contract.js';
import type { JournalEvent, NewEvent } from '../../src/journal/journal-event.js';

export type Stored = Pick<JournalEvent, 'type' | 'attemptId' | 'seq' | 'at' | 'data'>;
type Attempt = Folded['attempts'][number];

const iso = (date: Date | undefined) => date?.toISOString();

export interface Policy {
  maxAttempts: number;
  retryOn: RetryCause[];
  lifetimeSeconds: number;
  confirmPass: Moment['confirmPass'];
  hold: HoldingSignal[];
  tooFastSeconds: number;
  /** whether the session came too soon after many others */
  tooMany: boolean;
  fourEyes: boolean;
}

const graceSeconds = 120;

/** Who asked; a selfie of `near` is of the same network, one of `far` is not. */
const initiatorIp = '198.51.100.7';
export const near = '198.51.100.200';
export const far = '203.0.113.7';

/** When every history begins. */
export const start = new Date('2026-03-01T12:00:00.000Z');

/** Rows and journal in memory: writes what is decided as the store does, and nothing that was not decided. */
export class Ledger {
  readonly events: Stored[] = [];
  readonly rows: Folded = { seq: 0, status: 'pending', reason: null, endedAt: null, attempts: [] };
  private readonly expiresAt: Date;
  private readonly approvals: (Approval & { reason: string | null })[] = [];
  private lockedUntil: Date | null = null;
  private now = start;

  constructor(readonly policy: Policy) {
    this.expiresAt = new Date(this.now.getTime() + policy.lifetimeSeconds * 1000);
    const first = requestedRow('att_1', 1);
    const flags = flag(first, policy.tooMany ? [{ signal: 'velocity', shown: {} }] : []);
    const created: NewEvent = { type: 'session.created', attemptId: null, data: {} };
    this.append([created, requested(first, 'created'), ...flags.events]);
    raise(first, flags.signals);
    this.rows.attempts.push(first);
  }

  pass(seconds: number): void {
    this.now = new Date(this.now.getTime() + seconds * 1000);
  }

  /** @param nth counts from the latest attempt back */
  give(nth: number, input: Input): void {
    const row = this.rows.attempts.at(-1 - (nth % this.rows.attempts.length))!;
    const decision = decide(this.session(), facts(row), input, this.moment());
    if (decision.kind === 'moved') this.write(row, decision);
    if (decision.kind === 'refused') {
      this.append(decision.events);
      raise(row, decision.signals);
    }
  }

  closeSession(why: 'canceled' | 'lifetime-over'): void {
    if (this.live()) return;
    const decision = close(this.session(), why, this.now);
    if (decision !== 'session-closed') this.write(null, decision);
  }

  askForAttempt(): void {
    const live = this.live();
    const answer = requestAttempt(this.session(), this.rows.attempts.length, this.moment());
    if (typeof answer === 'string') return;
    if (live) this.give(0, { kind: 'superseded' });
    this.write(null, { kind: 'moved', attempt: null, session: null, events: [answer.event], next: answer.next });
  }

  /** The session API answers about the attempt that has passed. */
  confirm(said: Confirmation): void {
    const row = this.rows.attempts.find(({ state }) => state === 'passed');
    const moved = row ? confirmPass(this.session(), row, said, { now: this.now, hold: this.policy.hold }) : null;
    if (row && moved) this.write(row, moved);
  }

  review(decision: 'pass' | 'fail', reviewer: string): void {
    const row = this.rows.attempts.at(-1)!;
    const { reason } = this.rows;
    const approvals = this.approvals.filter((approval) => approval.reason === reason);
    const { fourEyes } = this.policy;
    const facts = { claim: null, approvals, fourEyes, now: this.now };
    const decided = reviewPass(this.session(), row, { reviewer, decision, note: 'seen' }, facts);
    if (typeof decided === 'string') return;
    if (decided.kind === 'decided') return this.write(row, decided.moved);
    this.approvals.push({ by: reviewer, at: this.now, reason });
    this.append([decided.event]);
  }

  /** Too many failures: until then the scanRef passes nowhere. */
  lock(seconds: number): void {
    this.lockedUntil = new Date(this.now.getTime() + seconds * 1000);
  }

  private get at(): string {
    return this.now.toISOString();
  }

  private live(): Attempt | undefined {
    return this.rows.attempts.find(({ state }) => !isFinalAttempt(state));
  }

  private session(): SessionFacts {
    const { maxAttempts, retryOn } = this.policy;
    const lastOutcome = this.rows.attempts.findLast(({ outcome }) => outcome !== null)?.outcome?.status ?? null;
    return {
      status: this.rows.status,
      reason: this.rows.reason,
      scanRef: 'scan-1',
      maxAttempts,
      retryOn,
      expiresAt: this.expiresAt,
      lastOutcome,
      channels: ['code'],
      signals: this.rows.attempts.flatMap(({ signals }) => signals),
    };
  }

  private moment(): Moment {
    const { confirmPass: mode, hold, tooFastSeconds } = this.policy;
    const nextAttemptId = `att_${this.rows.attempts.length + 1}`;
    const signals = { hold, tooFastSeconds };
    const { now, lockedUntil } = this;
    const deadlineGraceSeconds = graceSeconds;
    return { now, nextAttemptId, confirmPass: mode, deadlineGraceSeconds, lockedUntil, initiatorIp, signals };
  }

  private write(row: Attempt | null, { attempt, session, events, next, signals }: Moved): void {
    if (row && attempt) {
      row.state = attempt.state;
      row.reason = attempt.reason ?? row.reason;
      row.outcome = attempt.outcome ?? row.outcome;
      row.issuedAt = iso(attempt.issuedAt) ?? row.issuedAt;
      row.revealedAt = iso(attempt.revealedAt) ?? row.revealedAt;
      row.expiresAt = iso(attempt.expiresAt) ?? row.expiresAt;
      row.endedAt = iso(attempt.endedAt) ?? row.endedAt;
      raise(row, attempt.signals);
    }
    if (row) raise(row, signals);
    if (session) {
      this.rows.status = session.status;
      if (session.reason !== undefined) this.rows.reason = session.reason;
      this.rows.endedAt = iso(session.endedAt) ?? this.rows.endedAt;
    }
    if (next) this.rows.attempts.push(requestedRow(next.id, next.number));
    this.append(events);
  }

  private append(added: readonly NewEvent[]): void {
    for (const { type, attemptId, data } of added) {
      this.rows.seq += 1;
      this.events.push({ type, attemptId, data, seq: this.rows.seq, at: this.at });
    }
  }
}

const facts = (row: Attempt): AttemptFacts => ({
  ...row,
  revealedAt: row.revealedAt === null ? null : new Date(row.revealedAt),
  expiresAt: row.expiresAt === null ? null : new Date(row.expiresAt),
});

const requestedRow = (id: string, number: number): Attempt => ({
  id,
  number,
  state: 'requested',
  reason: null,
  outcome: null,
  issuedAt: null,
  revealedAt: null,
  expiresAt: null,
  endedAt: null,
  signals: [],
});

function raise(row: Attempt, signals: readonly Signal[] = []): void {
  for (const signal of signals) if (!row.signals.includes(signal)) row.signals.push(signal);
}

const told = '2026-03-01T12:00:01.000Z';

/** Every code of a history expires at the same moment. */
const expiresAt = new Date(Date.parse(told) + 1_800_000);
/** The last moment at which a pass is punctual. */
export const lastPunctual = new Date(expiresAt.getTime() + graceSeconds * 1000);

function codeIssued(): Input {
  const issuedAt = new Date(told);
  return { kind: 'code-issued', issuedAt, expiresAt, deadlineAt: expiresAt, codeHint: null };
}

/** What a step can be taken on: the decisions' own ledger, or a model of it. */
type Stage = Pick<Ledger, 'give' | 'confirm' | 'review' | 'lock' | 'pass' | 'closeSession' | 'askForAttempt'>;

type Step = (stage: Stage) => void;

/** Steps that lead on are more frequent than those that end, so that histories grow long. */
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>((ledger) => ledger.give(0, codeIssued())) },
  { weight: 4, arbitrary: fc.constant<Step>((ledger) => ledger.give(0, { kind: 'revealed' })) },
  {
    weight: 6,
    arbitrary: fc
      .record({
        nth: fc.nat({ max: 4 }),
        status: fc.constantFrom(...finalStatuses),
        source: fc.constantFrom('webhook', 'session-api', 'deadline'),
        scanRef: fc.constantFrom('scan-1', 'scan-1', 'scan-1', null, 'scan-2'),
        failReason: fc.constantFrom('FACE_MISMATCH', 'FACE_MISMATCH', 'FAKE_FACE', 'DUPLICATE_IMAGE'),
        ip: fc.constantFrom(near, near, null, far),
        riskTags: fc.constantFrom([], [], ['UNTRUSTED_ENVIRONMENT']),
        // A webhook may be applied long after it was received; `undefined`: at once.
        receivedAt: fc.constantFrom(undefined, undefined, lastPunctual, new Date(lastPunctual.getTime() + 1)),
      })
      .map<Step>(
        ({ nth, status, source, scanRef, failReason, ip, riskTags, receivedAt }) =>
          (ledger) =>
            ledger.give(nth, {
              kind: 'result',
              outcome: { status, source, failReason: status === 'FAILED' ? failReason : null, at: told },
              claims: { scanRef, type: null, method: null },
              selfie: { ip, riskTags, receivedAt },
            }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('identification-required', 'scan-ref-not-found', 'not-eligible', 'provider-rejected')
      .map<Step>((reason) => (ledger) => ledger.give(0, { kind: 'issue-refused', reason, detail: 'no' })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<Input>({ kind: 'superseded' }, { kind: 'canceled' }, { kind: 'lifetime-over' })
      .map<Step>((input) => (ledger) => ledger.give(0, input)),
  },
  { weight: 2, arbitrary: fc.constant<Step>((ledger) => ledger.askForAttempt()) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('canceled', 'lifetime-over').map<Step>((why) => (ledger) => ledger.closeSession(why)),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('approved', 'rejected', 'undecided', 'unknown-token', 'unreachable')
      .map<Step>((said) => (ledger) => ledger.confirm(said)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('pass', 'pass', 'fail'), fc.constantFrom('key_1', 'key_2')).map<Step>(
      ([decision, reviewer]) =>
        (ledger) =>
          ledger.review(decision, reviewer),
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 600 }).map<Step>((seconds) => (ledger) => ledger.lock(seconds)) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 3600 }).map<Step>((seconds) => (ledger) => ledger.pass(seconds)) },
);

export const policies: fc.Arbitrary<Policy> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 5 }),
  retryOn: fc.subarray([...retryCauses]),
  lifetimeSeconds: fc.integer({ min: 300, max: 86_400 }),
  confirmPass: fc.constantFrom('off', 'observe', 'enforce'),
  hold: fc.subarray([...holdingSignals]),
  tooFastSeconds: fc.constantFrom(0, 5),
  tooMany: fc.boolean(),
  fourEyes: fc.boolean(),
});

export const steps = fc.array(step, { minLength: 1, maxLength: 40, size: 'max' });

export const history = fc.record({ policy: policies, taken: steps }).map(({ policy, taken }) => {
  const ledger = new Ledger(policy);
  for (const take of taken) take(ledger);
  return ledger;
});
