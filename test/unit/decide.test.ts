import { describe, expect, it } from '@jest/globals';
import { decide } from '../../src/attempts/attempt.js';
import type {
  AttemptFacts,
  Decision,
  Input,
  IssueRefusal,
  Moment,
  Moved,
  ResultClaims,
  SessionFacts,
} from '../../src/attempts/decision.js';
import type { Outcome } from '../../src/attempts/outcome.js';
import { close, requestAttempt } from '../../src/attempts/session.js';
import { type AttemptState, attemptStates, type SessionStatus, sessionStatuses } from '../../src/attempts/states.js';
import { deepFreeze } from '../../src/config/deep-freeze.js';
import type { FinalStatus } from '../../src/idenfy/contract.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const moment: Moment = {
  now,
  nextAttemptId: 'att_next',
  confirmPass: 'off',
  deadlineGraceSeconds: 120,
  lockedUntil: null,
  initiatorIp: null,
  signals: { hold: [], tooFastSeconds: 5 },
};
const agreeing: ResultClaims = { scanRef: 'scan-1', type: 'AUTHENTICATION', method: 'FACE_MATCHING' };

const session = (facts: Partial<SessionFacts> = {}): SessionFacts => ({
  status: 'active',
  reason: null,
  scanRef: 'scan-1',
  maxAttempts: 3,
  retryOn: ['failed', 'expired', 'canceled'],
  expiresAt: new Date('2026-03-02T12:00:00.000Z'),
  lastOutcome: null,
  channels: ['code'],
  signals: [],
  ...facts,
});

const outcome = (status: FinalStatus, facts: Partial<Outcome> = {}): Outcome => ({
  status,
  failReason: status === 'FAILED' ? 'FACE_MISMATCH' : null,
  source: 'webhook',
  at: '2026-03-01T11:59:59.000Z',
  ...facts,
});

const attempt = (state: AttemptState, facts: Partial<AttemptFacts> = {}): AttemptFacts => ({
  id: 'att_this',
  number: 1,
  state,
  reason: state === 'void' ? 'superseded' : null,
  outcome: state === 'passed' ? outcome('SUCCESS') : state === 'retry' ? outcome('FAILED') : null,
  revealedAt: state === 'requested' || state === 'issued' ? null : new Date('2026-03-01T11:59:00.000Z'),
  expiresAt: state === 'requested' ? null : new Date('2026-03-01T12:28:58.000Z'),
  signals: [],
  ...facts,
});

const result = (status: FinalStatus, claims: Partial<ResultClaims> = {}): Input => ({
  kind: 'result',
  outcome: outcome(status),
  claims: { ...agreeing, ...claims },
});
const refusedIssue = (reason: IssueRefusal): Input => ({
  kind: 'issue-refused',
  reason,
  detail: 'as iDenfy worded it',
});

const codeIssued: Input = {
  kind: 'code-issued',
  issuedAt: new Date('2026-03-01T11:59:58.000Z'),
  expiresAt: new Date('2026-03-01T12:29:58.000Z'),
  deadlineAt: new Date('2026-03-01T12:31:58.000Z'),
  codeHint: '••••42',
};

const inputs = {
  'code-issued': codeIssued,
  'issue-refused: identification-required': refusedIssue('identification-required'),
  'issue-refused: scan-ref-not-found': refusedIssue('scan-ref-not-found'),
  'issue-refused: not-eligible': refusedIssue('not-eligible'),
  'issue-refused: provider-rejected': refusedIssue('provider-rejected'),
  revealed: { kind: 'revealed' },
  'result SUCCESS': result('SUCCESS'),
  'result FAILED': result('FAILED'),
  'result CANCELED': result('CANCELED'),
  'result EXPIRED': result('EXPIRED'),
  superseded: { kind: 'superseded' },
  canceled: { kind: 'canceled' },
  'lifetime-over': { kind: 'lifetime-over' },
} as const satisfies Record<string, Input>;
type InputName = keyof typeof inputs;
const inputNames = Object.keys(inputs) as InputName[];
const results = inputNames.filter((name) => name.startsWith('result '));

/** A decision in a few words: `→ state`, `replay`, or the reason of the refusal and the event that tells of it. */
function inWords(decision: Decision): string {
  if (decision.kind === 'moved') return `→ ${decision.attempt?.state}`;
  if (decision.kind === 'replayed') return 'replay';
  const told = decision.events.filter(({ type }) => type !== 'risk.flagged');
  return [decision.reason, ...told.map(({ type }) => `+ ${type}`)].join(' ');
}

function moved(decision: Decision): Moved {
  if (decision.kind !== 'moved') throw new Error(`did not move: ${inWords(decision)}`);
  return decision;
}

// Written out from the table of the design, not from the code's own: what happens while the session is open. The
// attempt in `retry` has FAILED by iDenfy's word; the one in `void` was superseded.
const whileOpen: Record<AttemptState, Record<InputName, string>> = {
  requested: {
    'code-issued': '→ issued',
    'issue-refused: identification-required': '→ void',
    'issue-refused: scan-ref-not-found': '→ void',
    'issue-refused: not-eligible': '→ void',
    'issue-refused: provider-rejected': '→ void',
    revealed: 'not-allowed-from-state',
    'result SUCCESS': 'not-allowed-from-state',
    'result FAILED': 'not-allowed-from-state',
    'result CANCELED': 'not-allowed-from-state',
    'result EXPIRED': 'not-allowed-from-state',
    superseded: '→ void',
    canceled: '→ void',
    'lifetime-over': '→ void',
  },
  issued: {
    'code-issued': 'replay',
    'issue-refused: identification-required': 'not-allowed-from-state',
    'issue-refused: scan-ref-not-found': 'not-allowed-from-state',
    'issue-refused: not-eligible': 'not-allowed-from-state',
    'issue-refused: provider-rejected': 'not-allowed-from-state',
    revealed: '→ awaiting-selfie',
    'result SUCCESS': '→ passed',
    'result FAILED': '→ retry',
    'result CANCELED': '→ retry',
    'result EXPIRED': '→ retry',
    superseded: '→ void',
    canceled: '→ void',
    'lifetime-over': 'not-allowed-from-state',
  },
  'awaiting-selfie': {
    'code-issued': 'replay',
    'issue-refused: identification-required': 'not-allowed-from-state',
    'issue-refused: scan-ref-not-found': 'not-allowed-from-state',
    'issue-refused: not-eligible': 'not-allowed-from-state',
    'issue-refused: provider-rejected': 'not-allowed-from-state',
    revealed: 'replay',
    'result SUCCESS': '→ passed',
    'result FAILED': '→ retry',
    'result CANCELED': '→ retry',
    'result EXPIRED': '→ retry',
    superseded: '→ void',
    canceled: '→ void',
    'lifetime-over': 'not-allowed-from-state',
  },
  passed: {
    'code-issued': 'already-final',
    'issue-refused: identification-required': 'already-final',
    'issue-refused: scan-ref-not-found': 'already-final',
    'issue-refused: not-eligible': 'already-final',
    'issue-refused: provider-rejected': 'already-final',
    revealed: 'already-final',
    'result SUCCESS': 'replay',
    'result FAILED': 'already-final + attempt.conflict',
    'result CANCELED': 'already-final + attempt.conflict',
    'result EXPIRED': 'already-final + attempt.conflict',
    superseded: 'already-final',
    canceled: 'already-final',
    'lifetime-over': 'already-final',
  },
  retry: {
    'code-issued': 'already-final',
    'issue-refused: identification-required': 'already-final',
    'issue-refused: scan-ref-not-found': 'already-final',
    'issue-refused: not-eligible': 'already-final',
    'issue-refused: provider-rejected': 'already-final',
    revealed: 'already-final',
    'result SUCCESS': 'already-final + attempt.conflict',
    'result FAILED': 'replay',
    'result CANCELED': 'already-final + attempt.conflict',
    'result EXPIRED': 'already-final + attempt.conflict',
    superseded: 'already-final',
    canceled: 'already-final',
    'lifetime-over': 'already-final',
  },
  void: {
    'code-issued': 'superseded',
    'issue-refused: identification-required': 'superseded',
    'issue-refused: scan-ref-not-found': 'superseded',
    'issue-refused: not-eligible': 'superseded',
    'issue-refused: provider-rejected': 'superseded',
    revealed: 'superseded',
    'result SUCCESS': 'superseded + attempt.late-result',
    'result FAILED': 'superseded + attempt.late-result',
    'result CANCELED': 'superseded + attempt.late-result',
    'result EXPIRED': 'superseded + attempt.late-result',
    superseded: 'superseded',
    canceled: 'superseded',
    'lifetime-over': 'superseded',
  },
};

const openStatuses: readonly SessionStatus[] = ['pending', 'active', 'in-review'];
const closedStatuses: readonly SessionStatus[] = [
  'passed',
  'failed',
  'expired',
  'canceled',
  'identification-required',
  'rejected',
];

const everyCell = attemptStates.flatMap((state) => inputNames.map((name) => ({ state, name })));

describe('the table of states and inputs', () => {
  it('has a row for every state and knows every status as open or closed', () => {
    expect(Object.keys(whileOpen).sort()).toEqual([...attemptStates].sort());
    expect([...openStatuses, ...closedStatuses].sort()).toEqual([...sessionStatuses].sort());
    expect(everyCell).toHaveLength(6 * 13);
  });

  describe.each(openStatuses)('while the session is %s', (status) => {
    it.each(everyCell)('$state, $name', ({ state, name }) => {
      expect(inWords(decide(session({ status }), attempt(state), inputs[name], moment))).toBe(whileOpen[state][name]);
    });
  });

  describe.each(closedStatuses)('once the session is %s', (status) => {
    it.each(everyCell.filter(({ name }) => !results.includes(name)))('$state, $name: session-closed', (cell) => {
      expect(inWords(decide(session({ status }), attempt(cell.state), inputs[cell.name], moment))).toBe(
        'session-closed',
      );
    });

    it.each(everyCell.filter(({ name }) => results.includes(name)))(
      '$state, $name moves nothing',
      ({ state, name }) => {
        const said = inWords(decide(session({ status }), attempt(state), inputs[name], moment));
        if (whileOpen[state][name] === 'replay') expect(said).toBe('replay');
        else if (state === 'passed' || state === 'retry') expect(said).toContain('+ attempt.conflict');
        else expect(said).toBe('session-closed + attempt.late-result');
      },
    );
  });
});

describe('the reason of a refusal is the first that applies', () => {
  const mismatched = result('SUCCESS', { scanRef: 'scan-2' });
  const closed = session({ status: 'failed' });

  it.each([
    ['8df398bb-7340-11ee-9aec-0221b1f59063', '8DF398BB-7340-11EE-9AEC-0221B1F59063', 'passed'],
    ['8DF398bb-7340-11EE-9aec-0221b1f59063', '8df398bb-7340-11ee-9aec-0221b1f59063', 'passed'],
    ['user-1', 'USER-1', 'mismatched-session'],
  ])('a SUCCESS for %s that names %s results in: %s', (scanRef, told, comesTo) => {
    const decision = decide(session({ scanRef }), attempt('issued'), result('SUCCESS', { scanRef: told }), moment);
    expect(decision.kind === 'moved' ? decision.attempt?.state : inWords(decision).split(' ')[0]).toBe(comesTo);
  });

  it.each(attemptStates)('mismatched-session comes before session-closed and all others, from %s', (state) => {
    expect(inWords(decide(closed, attempt(state), mismatched, moment))).toBe('mismatched-session + attempt.conflict');
    expect(inWords(decide(session(), attempt(state), mismatched, moment))).toBe(
      'mismatched-session + attempt.conflict',
    );
  });

  it('session-closed comes before superseded', () => {
    const superseded = attempt('void', { reason: 'superseded' });
    expect(inWords(decide(closed, superseded, result('SUCCESS'), moment))).toBe('session-closed + attempt.late-result');
    expect(inWords(decide(closed, superseded, { kind: 'revealed' }, moment))).toBe('session-closed');
  });

  it('session-closed comes before already-final, also when iDenfy contradicts itself', () => {
    const twice = attempt('retry', { outcome: outcome('FAILED') });
    expect(inWords(decide(closed, twice, { kind: 'revealed' }, moment))).toBe('session-closed');
    expect(inWords(decide(closed, twice, result('SUCCESS'), moment))).toBe('session-closed + attempt.conflict');
  });

  it('session-closed comes before not-allowed-from-state', () => {
    expect(inWords(decide(closed, attempt('requested'), { kind: 'revealed' }, moment))).toBe('session-closed');
  });

  it('superseded comes before already-final', () => {
    expect(inWords(decide(session(), attempt('void', { reason: 'superseded' }), codeIssued, moment))).toBe(
      'superseded',
    );
    expect(inWords(decide(session(), attempt('void', { reason: 'canceled' }), codeIssued, moment))).toBe(
      'already-final',
    );
  });
});

describe('a result for another session', () => {
  it.each<[string, Partial<ResultClaims>]>([
    ['scanRef', { scanRef: 'scan-2' }],
    ['type', { type: 'IDENTIFICATION' }],
    ['method', { method: 'DOCUMENT' }],
  ])('is refused for its %s', (_, claims) => {
    const decision = decide(session(), attempt('issued'), result('SUCCESS', claims), moment);
    expect(inWords(decision)).toBe('mismatched-session + attempt.conflict');
  });

  it('is not presumed where the result says nothing', () => {
    const silent = result('SUCCESS', { scanRef: null, type: null, method: null });
    expect(inWords(decide(session(), attempt('issued'), silent, moment))).toBe('→ passed');
  });

  it('is no replay, although it repeats the outcome', () => {
    const repeated = result('SUCCESS', { scanRef: 'scan-2' });
    expect(inWords(decide(session(), attempt('passed'), repeated, moment))).toBe(
      'mismatched-session + attempt.conflict',
    );
  });
});

describe('a second result', () => {
  it('that says the same is a replay, whoever had said it', () => {
    const ended = attempt('retry', { outcome: outcome('EXPIRED', { source: 'deadline' }) });
    expect(inWords(decide(session(), ended, result('EXPIRED'), moment))).toBe('replay');
    expect(inWords(decide(session({ status: 'expired' }), ended, result('EXPIRED'), moment))).toBe('replay');
  });

  it('that says otherwise than iDenfy had is a conflict', () => {
    const ended = attempt('retry', { outcome: outcome('FAILED', { source: 'session-api' }) });
    expect(inWords(decide(session(), ended, result('SUCCESS'), moment))).toBe('already-final + attempt.conflict');
  });

  it('that says otherwise than we took the silence of the session API for is late', () => {
    const ended = attempt('retry', { outcome: outcome('EXPIRED', { source: 'session-api' }) });
    expect(inWords(decide(session(), ended, result('SUCCESS'), moment))).toBe('already-final + attempt.late-result');
  });

  it('that says otherwise than our deadline had is late', () => {
    const ended = attempt('retry', { outcome: outcome('EXPIRED', { source: 'deadline' }) });
    expect(inWords(decide(session(), ended, result('SUCCESS'), moment))).toBe('already-final + attempt.late-result');
  });

  it('for an attempt that we voided is late', () => {
    const canceled = attempt('void', { reason: 'canceled' });
    const decision = decide(session({ status: 'canceled' }), canceled, result('SUCCESS'), moment);
    expect(inWords(decision)).toBe('session-closed + attempt.late-result');
  });

  it('is told with what it says, what was said before and the personal data apart', () => {
    const personal = { ip: '203.0.113.9' };
    const input: Input = { kind: 'result', outcome: outcome('FAILED'), claims: agreeing, personal };
    expect(decide(session(), attempt('passed', { number: 2 }), input, moment)).toEqual({
      kind: 'refused',
      reason: 'already-final',
      events: [
        {
          type: 'attempt.conflict',
          attemptId: 'att_this',
          data: {
            number: 2,
            state: 'passed',
            reason: 'already-final',
            outcome: outcome('FAILED'),
            earlier: outcome('SUCCESS'),
          },
          personal,
        },
        { type: 'risk.flagged', attemptId: 'att_this', data: { signal: 'conflict', number: 2 } },
      ],
      signals: ['conflict'],
    });
  });

  it('is told with `earlier` null when nothing was said before', () => {
    const decision = decide(session(), attempt('void'), result('SUCCESS'), moment);
    expect(decision).toMatchObject({
      events: [{ data: { earlier: null, reason: 'superseded', state: 'void' } }, { type: 'risk.flagged' }],
      signals: ['late-result'],
    });
  });
});

describe('an issued code', () => {
  it('makes a pending session active, and keeps the dates and the hint', () => {
    expect(decide(session({ status: 'pending' }), attempt('requested'), codeIssued, moment)).toEqual({
      kind: 'moved',
      attempt: {
        state: 'issued',
        issuedAt: codeIssued.issuedAt,
        expiresAt: codeIssued.expiresAt,
        deadlineAt: codeIssued.deadlineAt,
        codeHint: '••••42',
      },
      session: { status: 'active' },
      next: null,
      events: [
        {
          type: 'attempt.issued',
          attemptId: 'att_this',
          data: {
            number: 1,
            from: 'requested',
            issuedAt: '2026-03-01T11:59:58.000Z',
            expiresAt: '2026-03-01T12:29:58.000Z',
          },
          personal: undefined,
        },
      ],
    });
  });

  it.each(['active', 'in-review'] as const)('leaves a session alone that is %s', (status) => {
    expect(moved(decide(session({ status }), attempt('requested'), codeIssued, moment)).session).toBeNull();
  });

  it('shows not even the hint of its digits in the journal', () => {
    const { events } = moved(decide(session(), attempt('requested'), codeIssued, moment));
    expect(JSON.stringify(events)).not.toContain('42');
  });
});

it('a revealed code is awaiting its selfie from now on', () => {
  expect(decide(session(), attempt('issued', { number: 3 }), { kind: 'revealed' }, moment)).toEqual({
    kind: 'moved',
    attempt: { state: 'awaiting-selfie', revealedAt: now },
    session: null,
    next: null,
    events: [
      {
        type: 'attempt.awaiting-selfie',
        attemptId: 'att_this',
        data: { number: 3, from: 'issued' },
        personal: undefined,
      },
    ],
  });
});

describe('a refusal to issue', () => {
  const sessionEnds: Record<IssueRefusal, SessionStatus> = {
    'identification-required': 'identification-required',
    'scan-ref-not-found': 'rejected',
    'not-eligible': 'rejected',
    'provider-rejected': 'rejected',
  };
  const reasons = Object.keys(sessionEnds) as IssueRefusal[];

  it.each(reasons)('of the first code for %s ends the session by its name', (reason) => {
    expect(decide(session({ status: 'pending' }), attempt('requested'), refusedIssue(reason), moment)).toEqual({
      kind: 'moved',
      attempt: { state: 'void', reason, endedAt: now },
      session: { status: sessionEnds[reason], reason, endedAt: now },
      next: null,
      events: [
        {
          type: 'attempt.void',
          attemptId: 'att_this',
          data: { number: 1, from: 'requested', reason, detail: 'as iDenfy worded it' },
          personal: undefined,
        },
        { type: `session.${sessionEnds[reason]}`, attemptId: null, data: { reason } },
      ],
    });
  });

  it.each(reasons)('of a later code for %s fails the session, which had codes', (reason) => {
    const decision = moved(decide(session(), attempt('requested', { number: 2 }), refusedIssue(reason), moment));
    expect(decision.session).toEqual({ status: 'failed', reason, endedAt: now });
    expect(decision.events.map(({ type }) => type)).toEqual(['attempt.void', 'session.failed']);
  });
});

describe('a pass', () => {
  const input: Input = {
    kind: 'result',
    outcome: outcome('SUCCESS'),
    claims: agreeing,
    personal: { ip: '203.0.113.9' },
  };

  it('from awaiting-selfie passes attempt and session', () => {
    expect(decide(session(), attempt('awaiting-selfie'), input, moment)).toEqual({
      kind: 'moved',
      attempt: { state: 'passed', outcome: outcome('SUCCESS'), endedAt: now },
      session: { status: 'passed', reason: null, endedAt: now },
      next: null,
      events: [
        {
          type: 'attempt.passed',
          attemptId: 'att_this',
          data: { number: 1, from: 'awaiting-selfie', outcome: outcome('SUCCESS') },
          personal: { ip: '203.0.113.9' },
        },
        { type: 'session.passed', attemptId: null, data: { reason: null } },
      ],
    });
  });

  it('with a code that was never handed out passes, and is flagged', () => {
    const decision = moved(decide(session(), attempt('issued'), input, moment));
    expect(decision.session?.status).toBe('passed');
    expect(decision.attempt?.signals).toEqual(['never-revealed']);
    expect(decision.events.map(({ type, data }) => [type, data.signal])).toEqual([
      ['attempt.passed', undefined],
      ['risk.flagged', 'never-revealed'],
      ['session.passed', undefined],
    ]);
  });

  it.each([
    ['off', 'webhook', 'passed', null, undefined],
    ['observe', 'webhook', 'passed', null, now],
    ['enforce', 'webhook', 'in-review', 'confirming', now],
    ['enforce', 'session-api', 'passed', null, undefined],
    ['observe', 'session-api', 'passed', null, undefined],
  ] as const)('with CONFIRM_PASS=%s and the word of the %s makes it %s', (confirmPass, source, status, reason, at) => {
    const told: Input = { ...input, outcome: outcome('SUCCESS', { source }) };
    const decision = moved(decide(session(), attempt('awaiting-selfie'), told, { ...moment, confirmPass }));
    expect(decision.attempt).toMatchObject({ state: 'passed' });
    expect(decision.attempt?.confirmAt).toEqual(at);
    expect(decision.session).toMatchObject({ status, reason });
    expect(decision.session?.endedAt).toEqual(status === 'passed' ? now : undefined);
  });

  it('of a locked subject is held, until the lock is over', () => {
    const until = new Date(now.getTime() + 1);
    const held = moved(decide(session(), attempt('awaiting-selfie'), input, { ...moment, lockedUntil: until }));
    expect(held.session).toEqual({ status: 'in-review', reason: 'subject-locked' });
    const free = moved(decide(session(), attempt('awaiting-selfie'), input, { ...moment, lockedUntil: now }));
    expect(free.session?.status).toBe('passed');
  });

  describe('that iDenfy reports after the expiry of its code and the grace', () => {
    const graceSeconds = moment.deadlineGraceSeconds;
    const code = attempt('awaiting-selfie', {
      revealedAt: new Date('2026-03-01T10:31:00.000Z'),
      expiresAt: new Date('2026-03-01T11:00:00.000Z'),
    });
    const lastPunctual = new Date(code.expiresAt!.getTime() + graceSeconds * 1000);
    const seconds = (after: number) => new Date(lastPunctual.getTime() + after * 1000);
    const told = (
      receivedAt?: Date,
      source: Outcome['source'] = 'webhook',
      status: FinalStatus = 'SUCCESS',
    ): Input => ({
      kind: 'result',
      outcome: outcome(status, { source }),
      claims: agreeing,
      selfie: { ip: null, riskTags: [], receivedAt },
    });
    const late = told(seconds(1));

    it.each(['off', 'observe', 'enforce'] as const)(
      'is flagged and held until iDenfy confirms it, with CONFIRM_PASS=%s',
      (confirmPass) => {
        const decision = moved(decide(session(), code, late, { ...moment, confirmPass }));
        expect(decision.attempt).toMatchObject({ state: 'passed', confirmAt: now, signals: ['late-result'] });
        expect(decision.session).toEqual({ status: 'in-review', reason: 'confirming' });
        expect(decision.events.map(({ type }) => type)).toEqual([
          'attempt.passed',
          'risk.flagged',
          'session.in-review',
        ]);
        expect(decision.events[1]?.data).toEqual({
          signal: 'late-result',
          number: 1,
          secondsAfterExpiry: graceSeconds + 1,
          graceSeconds,
        });
      },
    );

    it('is late by the moment when its webhook arrived, however much later that is applied', () => {
      expect(now > lastPunctual).toBe(true);
      const decision = moved(decide(session(), code, told(lastPunctual), moment));
      expect(decision.session?.status).toBe('passed');
      expect(decision.attempt?.signals).toBeUndefined();
      const backlog = moved(decide(session(), code, told(seconds(0.001)), moment));
      expect(backlog.session?.reason).toBe('confirming');
    });

    it('is late by the moment of the decision if nobody says when it arrived', () => {
      expect(moved(decide(session(), code, told(), moment)).session?.reason).toBe('confirming');
      expect(moved(decide(session(), code, result('SUCCESS'), moment)).session?.reason).toBe('confirming');
    });

    it('is granted if the session API reports it', () => {
      const decision = moved(decide(session(), code, told(seconds(1), 'session-api'), moment));
      expect(decision.session?.status).toBe('passed');
      expect(decision.attempt?.signals).toBeUndefined();
    });

    it('is held for a person if a lock or a policy holds it, and iDenfy is asked all the same', () => {
      const lockedUntil = new Date(now.getTime() + 1);
      const locked = moved(decide(session(), code, late, { ...moment, lockedUntil }));
      const policy = { ...moment, signals: { hold: ['velocity' as const], tooFastSeconds: 5 } };
      const suspect = moved(decide(session({ signals: ['velocity'] }), code, late, policy));
      expect([locked.session?.reason, suspect.session?.reason]).toEqual(['subject-locked', 'velocity']);
      for (const { attempt: change } of [locked, suspect]) {
        expect(change).toMatchObject({ confirmAt: now, signals: ['late-result'] });
      }
    });

    it.each(['FAILED', 'CANCELED', 'EXPIRED'] as const)('does not concern %s, which grants nothing', (status) => {
      const decision = moved(decide(session(), code, told(seconds(1), 'webhook', status), moment));
      expect([decision.attempt?.state, decision.attempt?.signals]).toEqual(['retry', undefined]);
    });
  });

  it('counts although the lifetime is over, which only stops new codes', () => {
    const over = session({ expiresAt: now });
    expect(inWords(decide(over, attempt('awaiting-selfie'), result('SUCCESS'), moment))).toBe('→ passed');
  });

  it('counts on the last attempt', () => {
    const last = attempt('awaiting-selfie', { number: 3 });
    expect(moved(decide(session(), last, result('SUCCESS'), moment)).session?.status).toBe('passed');
  });
});

describe('a failure', () => {
  const causes: [Exclude<FinalStatus, 'SUCCESS'>, 'failed' | 'expired' | 'canceled', 'failed' | 'expired'][] = [
    ['FAILED', 'failed', 'failed'],
    ['EXPIRED', 'expired', 'expired'],
    ['CANCELED', 'canceled', 'failed'],
  ];

  it.each(causes)('%s, listed in retryOn, requests the next attempt', (status, cause) => {
    const facts = session({ retryOn: [cause] });
    expect(decide(facts, attempt('awaiting-selfie'), result(status), moment)).toEqual({
      kind: 'moved',
      attempt: { state: 'retry', outcome: outcome(status), endedAt: now },
      session: null,
      next: { id: 'att_next', number: 2 },
      events: [
        {
          type: 'attempt.retry',
          attemptId: 'att_this',
          data: { number: 1, from: 'awaiting-selfie', outcome: outcome(status) },
          personal: undefined,
        },
        { type: 'attempt.requested', attemptId: 'att_next', data: { number: 2, because: cause } },
      ],
    });
  });

  it.each(causes)('%s, not listed in retryOn, waits for the platform', (status, cause) => {
    const others = session({ retryOn: (['failed', 'expired', 'canceled'] as const).filter((name) => name !== cause) });
    const decision = moved(decide(others, attempt('issued'), result(status), moment));
    expect(decision.events.map(({ type }) => type)).toEqual(['attempt.retry']);
    expect([decision.session, decision.next]).toEqual([null, null]);
  });

  it.each(causes)('%s of the last attempt ends the session (%s → %s)', (status, _, ended) => {
    const decision = moved(decide(session(), attempt('awaiting-selfie', { number: 3 }), result(status), moment));
    expect(decision.session).toEqual({ status: ended, reason: 'attempts-exhausted', endedAt: now });
    expect(decision.next).toBeNull();
    expect(decision.events[1]).toEqual({
      type: `session.${ended}`,
      attemptId: null,
      data: { reason: 'attempts-exhausted' },
    });
  });

  it.each(causes)('%s of the last attempt ends the session although retryOn is empty (%s → %s)', (status, _, ended) => {
    const last = attempt('issued', { number: 1 });
    const decision = moved(decide(session({ maxAttempts: 1, retryOn: [] }), last, result(status), moment));
    expect(decision.session?.status).toBe(ended);
  });

  it.each(causes)('%s after the lifetime ends the session (%s → %s)', (status, _, ended) => {
    const decision = moved(decide(session({ expiresAt: now }), attempt('awaiting-selfie'), result(status), moment));
    expect(decision.session).toEqual({ status: ended, reason: 'lifetime-over', endedAt: now });
    expect(decision.next).toBeNull();
  });

  it('one millisecond before the end of the lifetime still gets a new code', () => {
    const facts = session({ expiresAt: new Date(now.getTime() + 1) });
    expect(moved(decide(facts, attempt('issued'), result('FAILED'), moment)).next).toEqual({
      id: 'att_next',
      number: 2,
    });
  });

  it('of the last attempt after the lifetime is named by the attempts', () => {
    const last = attempt('issued', { number: 3 });
    const decision = moved(decide(session({ expiresAt: now }), last, result('FAILED'), moment));
    expect(decision.session?.reason).toBe('attempts-exhausted');
  });

  it('of the last but one still gets a new code', () => {
    const decision = moved(decide(session(), attempt('issued', { number: 2 }), result('FAILED'), moment));
    expect(decision.next).toEqual({ id: 'att_next', number: 3 });
  });
});

describe('an attempt voided by us', () => {
  it.each(['requested', 'issued', 'awaiting-selfie'] as const)(
    'superseded from %s leaves the session open',
    (state) => {
      expect(decide(session(), attempt(state), { kind: 'superseded' }, moment)).toEqual({
        kind: 'moved',
        attempt: { state: 'void', reason: 'superseded', endedAt: now },
        session: null,
        next: null,
        events: [
          {
            type: 'attempt.void',
            attemptId: 'att_this',
            data: { number: 1, from: state, reason: 'superseded' },
            personal: undefined,
          },
        ],
      });
    },
  );

  it.each(['requested', 'issued', 'awaiting-selfie'] as const)('canceled from %s cancels the session', (state) => {
    const decision = moved(decide(session(), attempt(state), { kind: 'canceled' }, moment));
    expect(decision.attempt).toEqual({ state: 'void', reason: 'canceled', endedAt: now });
    expect(decision.session).toEqual({ status: 'canceled', reason: null, endedAt: now });
    expect(decision.events.map(({ type, data }) => [type, data.reason])).toEqual([
      ['attempt.void', 'canceled'],
      ['session.canceled', null],
    ]);
  });

  it.each<[FinalStatus | null, SessionStatus]>([
    [null, 'failed'],
    ['FAILED', 'failed'],
    ['CANCELED', 'failed'],
    ['EXPIRED', 'expired'],
  ])('at the end of the lifetime, after %s, makes the session %s', (lastOutcome, status) => {
    const decision = moved(decide(session({ lastOutcome }), attempt('requested'), { kind: 'lifetime-over' }, moment));
    expect(decision.attempt).toEqual({ state: 'void', reason: 'lifetime-over', endedAt: now });
    expect(decision.session).toEqual({ status, reason: 'lifetime-over', endedAt: now });
    expect(decision.events.map(({ type }) => type)).toEqual(['attempt.void', `session.${status}`]);
  });
});

describe('a session without a live attempt', () => {
  it('is canceled by the platform', () => {
    expect(close(session(), 'canceled', now)).toEqual({
      kind: 'moved',
      attempt: null,
      session: { status: 'canceled', reason: null, endedAt: now },
      events: [{ type: 'session.canceled', attemptId: null, data: { reason: null } }],
      next: null,
    });
  });

  it.each<[FinalStatus | null, SessionStatus]>([
    [null, 'failed'],
    ['FAILED', 'failed'],
    ['CANCELED', 'failed'],
    ['EXPIRED', 'expired'],
  ])('at the end of its lifetime, after %s, is %s', (lastOutcome, status) => {
    const ended = close(session({ lastOutcome }), 'lifetime-over', now);
    expect(ended).toMatchObject({ session: { status, reason: 'lifetime-over', endedAt: now } });
    expect(ended).toMatchObject({ events: [{ type: `session.${status}`, data: { reason: 'lifetime-over' } }] });
  });

  it.each(closedStatuses)('is not closed again once %s', (status) => {
    expect(close(session({ status }), 'canceled', now)).toBe('session-closed');
    expect(close(session({ status }), 'lifetime-over', now)).toBe('session-closed');
    expect(requestAttempt(session({ status }), 1, moment)).toBe('session-closed');
  });

  it('gets the attempt that the platform asks for', () => {
    expect(requestAttempt(session({ retryOn: [] }), 2, moment)).toEqual({
      next: { id: 'att_next', number: 3 },
      event: { type: 'attempt.requested', attemptId: 'att_next', data: { number: 3, because: 'asked' } },
    });
  });

  it('gets none when all were used, its lifetime is over or it is in review', () => {
    expect(requestAttempt(session(), 3, moment)).toBe('attempts-exhausted');
    expect(requestAttempt(session({ expiresAt: now }), 1, moment)).toBe('attempts-exhausted');
    expect(requestAttempt(session({ status: 'in-review' }), 1, moment)).toBe('session-closed');
  });
});

describe('the decision is pure', () => {
  it('for every cell: frozen facts give the same answer twice, and another object each time', () => {
    for (const { state, name } of everyCell) {
      for (const status of sessionStatuses) {
        const facts = deepFreeze([session({ status }), attempt(state), structuredClone(inputs[name]), moment] as const);
        const before = structuredClone(facts);
        const first = decide(facts[0], facts[1], facts[2], facts[3]);
        const second = decide(facts[0], facts[1], facts[2], facts[3]);
        expect(second).toEqual(first);
        expect(second).not.toBe(first);
        expect(facts).toEqual(before);
      }
    }
  });
});
