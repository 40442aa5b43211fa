import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decide } from '../../src/attempts/attempt.js';
import type { Decision, Input, Moment, SessionFacts } from '../../src/attempts/decision.js';
import { confirmPass } from '../../src/attempts/pass.js';
import { flaggingSignals, holdingSignals, type Signal } from '../../src/config/read-signals.js';
import { finalStatuses } from '../../src/idenfy/contract.js';
import type { CreationFacts, ResultFacts } from '../../src/risk/facts.js';
import { compareNetworks, plainAddress } from '../../src/risk/network.js';
import { allSignals, holdingOf, judgeCreation, judgeResult, rules } from '../../src/risk/rules.js';

const revealedAt = new Date('2026-03-01T12:00:00.000Z');
const after = (milliseconds: number) => new Date(revealedAt.getTime() + milliseconds);

const clean: ResultFacts = {
  status: 'SUCCESS',
  failReason: null,
  riskTags: [],
  initiatorIp: '198.51.100.7',
  selfieIp: '198.51.100.9',
  revealedAt,
  receivedAt: after(60_000),
  isTyped: true,
  tooFastSeconds: 5,
};
const raised = (facts: Partial<ResultFacts>): Signal[] =>
  judgeResult({ ...clean, ...facts }).map(({ signal }) => signal);

const calm: CreationFacts = {
  sessionsOfScanRef: 1,
  sessionsOfInitiator: 1,
  velocitySessions: 10,
  velocityWindowSeconds: 3600,
};

describe('the table of signals', () => {
  it('has a rule for every signal that may hold, each with its inputs and a sentence', () => {
    expect(Object.keys(rules)).toEqual([...holdingSignals]);
    for (const { inputs, says } of Object.values(rules)) {
      expect(inputs.length).toBeGreaterThan(0);
      expect(says).toMatch(/^\w.*\.$/);
    }
    expect(allSignals).toEqual([...holdingSignals, ...Object.keys(flaggingSignals)]);
  });

  it('is the one in the README, with the same inputs', () => {
    const readme = readFileSync(new URL('../../src/risk/README.md', import.meta.url), 'utf8');
    for (const [name, { inputs }] of Object.entries(rules)) {
      const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\``));
      for (const input of inputs) expect(row).toContain(`\`${input}\``);
    }
    for (const name of allSignals) expect(readme).toContain(`| \`${name}\``);
  });

  it('raises nothing on facts that are as they should be, and nothing where nobody has told', () => {
    expect(raised({})).toEqual([]);
    expect(raised({ initiatorIp: null, selfieIp: null })).toEqual([]);
    expect(judgeCreation(calm)).toEqual([]);
  });
});

describe('presentation-attack and duplicate-image', () => {
  it.each([
    ['FAKE_FACE', ['presentation-attack']],
    ['VIRTUAL_CAMERA', ['presentation-attack']],
    ['FAKE_CAPTURE', ['presentation-attack']],
    ['fake_face', ['presentation-attack']],
    ['DUPLICATE_IMAGE', ['duplicate-image']],
    ['FACE_MISMATCH', []],
    ['FAKE_FACE_2', []],
    ['', []],
    [null, []],
  ])('%s raises %j', (failReason, signals) => {
    expect(raised({ status: 'FAILED', failReason })).toEqual(signals);
  });
});

describe('untrusted-environment', () => {
  it.each([
    [['UNTRUSTED_ENVIRONMENT'], ['untrusted-environment']],
    [['SOMETHING', 'untrusted_environment'], ['untrusted-environment']],
    [['SOMETHING'], []],
    [[], []],
  ])('%j raises %j', (riskTags, signals) => {
    expect(raised({ riskTags })).toEqual(signals);
  });
});

describe('never-revealed', () => {
  it.each([
    ['SUCCESS', ['never-revealed']],
    ['FAILED', []],
    ['CANCELED', []],
    ['EXPIRED', []],
  ] as const)('%s with a code that nobody was given raises %j', (status, signals) => {
    expect(raised({ status, revealedAt: null })).toEqual(signals);
  });
});

describe('too-fast', () => {
  it.each([
    [-2000, ['too-fast']],
    [0, ['too-fast']],
    [4999, ['too-fast']],
    [5000, []],
    [5001, []],
  ])('%d ms after the code was handed out raises %j', (milliseconds, signals) => {
    expect(raised({ receivedAt: after(milliseconds) })).toEqual(signals);
    expect(raised({ receivedAt: after(milliseconds), status: 'FAILED' })).toEqual(signals);
  });

  it('is raised by a selfie only, and only where digits have to be typed', () => {
    expect(raised({ receivedAt: after(1), status: 'CANCELED' })).toEqual([]);
    expect(raised({ receivedAt: after(1), status: 'EXPIRED' })).toEqual([]);
    expect(raised({ receivedAt: after(1), isTyped: false })).toEqual([]);
  });

  it('is off at 0 seconds', () => {
    expect(raised({ receivedAt: after(-1), tooFastSeconds: 0 })).toEqual([]);
  });

  it('tells how fast it was', () => {
    expect(judgeResult({ ...clean, receivedAt: after(1200) })).toEqual([
      { signal: 'too-fast', shown: { seconds: 1.2, tooFastSeconds: 5 } },
    ]);
  });
});

describe('different-network', () => {
  it.each([
    ['198.51.100.7', '198.51.100.7', 'same'],
    ['198.51.100.0', '198.51.100.255', 'same'],
    ['198.51.100.255', '198.51.101.0', 'different'],
    ['198.51.100.7', '::ffff:198.51.100.9', 'same'],
    ['::ffff:c633:6407', '198.51.100.9', 'same'],
    ['::ffff:198.51.100.7', '::FFFF:198.51.101.9', 'different'],
    ['2001:db8:1:0::1', '2001:db8:1:ffff:ffff:ffff:ffff:ffff', 'same'],
    ['2001:db8:1:ffff::1', '2001:db8:2::1', 'different'],
    ['2001:DB8::1', '2001:0db8:0000:0::2', 'same'],
    ['fe80::1%eth0', 'fe80::2%wlan0', 'same'],
    ['198.51.100.7', '2001:db8::1', 'incomparable'],
    ['198.51.100.7', null, 'incomparable'],
    [null, '198.51.100.7', 'incomparable'],
    ['198.51.100.7', '', 'incomparable'],
    ['198.51.100', '203.0.113.7', 'incomparable'],
    ['0xc6336407', '203.0.113.7', 'incomparable'],
  ])('%s and %s: %s', (one, other, kind) => {
    expect(compareNetworks(one, other).kind).toBe(kind);
    expect(compareNetworks(other, one).kind).toBe(kind);
    expect(raised({ initiatorIp: one, selfieIp: other })).toEqual(kind === 'different' ? ['different-network'] : []);
  });

  it('shows by what was compared, and keeps the addresses apart', () => {
    const selfieIp = '203.0.113.7';
    expect(judgeResult({ ...clean, selfieIp })).toEqual([
      {
        signal: 'different-network',
        shown: { comparedBits: 24 },
        personal: { initiatorIp: clean.initiatorIp, selfieIp },
      },
    ]);
  });

  it('knows one spelling of each address', () => {
    const spellings = ['::ffff:198.51.100.7', '::FFFF:C633:6407', '198.51.100.7'];
    expect(new Set(spellings.map(plainAddress))).toEqual(new Set(['198.51.100.7']));
    expect(plainAddress('2001:0DB8::0:1')).toBe('2001:db8::1');
    expect(plainAddress('nonsense')).toBe('nonsense');
  });
});

describe('velocity', () => {
  it.each([
    [10, 10, null],
    [11, 10, ['scanRef']],
    [10, 11, ['initiator']],
    [11, 11, ['scanRef', 'initiator']],
    [11, null, ['scanRef']],
    [10, null, null],
  ])('%d of the scanRef and %s of the initiator: %j', (sessionsOfScanRef, sessionsOfInitiator, by) => {
    expect(judgeCreation({ ...calm, sessionsOfScanRef, sessionsOfInitiator })).toEqual(
      by ? [{ signal: 'velocity', shown: { by, moreThan: 10, windowSeconds: 3600 } }] : [],
    );
  });

  it('is off at 0 sessions', () => {
    expect(judgeCreation({ ...calm, velocitySessions: 0, sessionsOfScanRef: 1 })).toEqual([]);
  });
});

const now = after(60_000);
const moment: Moment = {
  now,
  nextAttemptId: 'att_next',
  confirmPass: 'off',
  deadlineGraceSeconds: 120,
  lockedUntil: null,
  initiatorIp: '198.51.100.7',
  signals: { hold: [], tooFastSeconds: 5 },
};
const session: SessionFacts = {
  status: 'active',
  reason: null,
  scanRef: 'scan-1',
  maxAttempts: 3,
  retryOn: ['failed', 'expired', 'canceled'],
  expiresAt: after(3_600_000),
  lastOutcome: null,
  channels: ['code'],
  signals: [],
};
const attempt = {
  id: 'att_1',
  number: 1,
  state: 'awaiting-selfie',
  reason: null,
  outcome: null,
  revealedAt,
  expiresAt: after(1_800_000),
} as const;
const unsigned = { ...attempt, signals: [] };
const result = (status: 'SUCCESS' | 'FAILED', selfie: { ip: string | null; riskTags: string[] }): Input => ({
  kind: 'result',
  outcome: { status, failReason: null, source: 'webhook', at: now.toISOString() },
  claims: { scanRef: null, type: null, method: null },
  selfie,
});
const elsewhere = result('SUCCESS', { ip: '203.0.113.7', riskTags: ['UNTRUSTED_ENVIRONMENT'] });
const reasonOf = (decision: Decision) => (decision.kind === 'moved' ? decision.session?.reason : decision.kind);

describe('a pass with signals', () => {
  it('passes where policy only flags, and each is told once, addresses apart', () => {
    const decision = decide(session, { ...attempt, signals: ['untrusted-environment'] }, elsewhere, moment);
    if (decision.kind !== 'moved') throw new Error(decision.kind);
    expect(decision.session?.status).toBe('passed');
    expect(decision.attempt?.signals).toEqual(['different-network']);
    expect(decision.events.map(({ type }) => type)).toEqual(['attempt.passed', 'risk.flagged', 'session.passed']);
    expect(decision.events[1]).toEqual({
      type: 'risk.flagged',
      attemptId: 'att_1',
      data: { signal: 'different-network', number: 1, comparedBits: 24 },
      personal: { initiatorIp: '198.51.100.7', selfieIp: '203.0.113.7' },
    });
  });

  it.each<[string, Partial<Moment>, Signal[], string | null]>([
    ['a policy', { signals: { hold: ['different-network'], tooFastSeconds: 5 } }, [], 'different-network'],
    [
      'several policies, by the order of the table',
      { signals: { hold: ['untrusted-environment', 'velocity', 'different-network'], tooFastSeconds: 5 } },
      ['velocity'],
      'different-network',
    ],
    [
      'a signal of an earlier attempt',
      { signals: { hold: ['presentation-attack'], tooFastSeconds: 5 } },
      ['presentation-attack'],
      'presentation-attack',
    ],
    [
      'a signal before a confirmation',
      { confirmPass: 'enforce', signals: { hold: ['different-network'], tooFastSeconds: 5 } },
      [],
      'different-network',
    ],
    [
      'a lock before a signal and a confirmation',
      {
        confirmPass: 'enforce',
        lockedUntil: after(90_000),
        signals: { hold: ['different-network'], tooFastSeconds: 5 },
      },
      [],
      'subject-locked',
    ],
    ['a confirmation alone', { confirmPass: 'enforce' }, [], 'confirming'],
    ['a policy for another signal', { signals: { hold: ['velocity'], tooFastSeconds: 5 } }, [], null],
  ])('is held by %s', (_, more, signals, reason) => {
    const decision = decide({ ...session, signals }, unsigned, elsewhere, { ...moment, ...more });
    expect(reasonOf(decision)).toBe(reason);
    if (decision.kind === 'moved' && more.confirmPass) expect(decision.attempt?.confirmAt).toEqual(now);
  });

  it('that iDenfy confirms stays held by a signal that came meanwhile', () => {
    const confirming = { status: 'in-review', reason: 'confirming', signals: ['presentation-attack'] } as const;
    const hold = ['presentation-attack'] as const;
    expect(confirmPass(confirming, unsigned, 'approved', { now, hold })?.session).toEqual({
      status: 'in-review',
      reason: 'presentation-attack',
    });
    expect(confirmPass(confirming, unsigned, 'approved', { now, hold: [] })?.session?.status).toBe('passed');
    const held = { ...confirming, reason: 'different-network' };
    expect(confirmPass(held, unsigned, 'approved', { now, hold })).toBeNull();
    expect(confirmPass(held, unsigned, 'rejected', { now, hold })).toMatchObject({
      session: null,
      signals: ['disputed'],
    });
  });

  it('remembers what a replaced code has shown', () => {
    const voided = { ...unsigned, state: 'void', reason: 'superseded' } as const;
    const decision = decide(session, voided, elsewhere, moment);
    expect(decision).toMatchObject({
      kind: 'refused',
      signals: ['late-result', 'different-network', 'untrusted-environment'],
    });
  });

  it('says nothing by a result that is about somebody else', () => {
    const other: Input = { ...elsewhere, claims: { scanRef: 'scan-2', type: null, method: null } } as Input;
    expect(decide(session, unsigned, other, moment)).toMatchObject({ kind: 'refused', signals: ['conflict'] });
  });
});

it('no signal and no policy makes a pass of what is none, and none changes what becomes of an attempt', () => {
  const policies = fc.record({
    hold: fc.subarray([...holdingSignals]),
    tooFastSeconds: fc.constantFrom(0, 5, 3600),
  });
  const results = fc.record({
    status: fc.constantFrom(...finalStatuses),
    failReason: fc.constantFrom(null, 'FAKE_FACE', 'DUPLICATE_IMAGE', 'FACE_MISMATCH'),
    ip: fc.constantFrom(null, '198.51.100.9', '203.0.113.7', '2001:db8::1'),
    riskTags: fc.constantFrom([], ['UNTRUSTED_ENVIRONMENT']),
    source: fc.constantFrom('webhook', 'session-api'),
    state: fc.constantFrom('requested', 'issued', 'awaiting-selfie', 'retry', 'void'),
    earlier: fc.subarray([...allSignals]),
    confirm: fc.constantFrom('off', 'observe', 'enforce'),
  });
  fc.assert(
    fc.property(policies, results, (signals, { status, failReason, ip, riskTags, source, state, earlier, confirm }) => {
      const input: Input = {
        kind: 'result',
        outcome: { status, failReason, source, at: now.toISOString() },
        claims: { scanRef: null, type: null, method: null },
        selfie: { ip, riskTags },
      };
      const facts = { ...unsigned, state, revealedAt: state === 'issued' ? null : revealedAt };
      const context = { ...moment, confirmPass: confirm };
      const before = decide(session, facts, { ...input, selfie: undefined } as Input, context);
      const judged = decide({ ...session, signals: earlier }, facts, input, { ...context, signals });
      expect(judged.kind).toBe(before.kind);
      if (judged.kind !== 'moved' || before.kind !== 'moved') return;
      expect(judged.attempt?.state).toBe(before.attempt?.state);
      if (before.session?.status !== 'passed') expect(judged.session?.status).toBe(before.session?.status);
      const raisedSoFar = [...earlier, ...(judged.attempt?.signals ?? [])];
      const held = holdingOf(raisedSoFar, signals.hold) !== null;
      if (before.session?.status === 'passed') expect(judged.session?.status).toBe(held ? 'in-review' : 'passed');
    }),
    { numRuns: 2000 },
  );
});
