/**
 * What a session is, said once more and differently: no events, no reasons, no columns. The decisions are held against
 * it step by step.
 */
import type { Input } from '../../src/attempts/decision.js';
import type { Confirmation } from '../../src/attempts/pass.js';
import { far, lastPunctual, type Policy, start } from './history.js';

type Result = Extract<Input, { kind: 'result' }>;

const secondsUntil = (moment: Date): number => (moment.getTime() - start.getTime()) / 1000;

const over = ['passed', 'failed', 'expired', 'canceled', 'identification-required', 'rejected'];
const ended = ['passed', 'retry', 'void'];

export class Model {
  status = 'pending';
  states = ['requested'];
  /** iDenfy's words so far, oldest first, of attempts that ended by one */
  private readonly words: string[] = [];
  private secondsLeft: number;
  private lockedSeconds = 0;
  /** what the hold is called; null: none */
  private heldFor: string | null = null;
  private approvedBy: string | null = null;
  private readonly signals = new Set<string>();
  /** seconds since the beginning */
  private elapsed = 0;
  /** of each attempt: iDenfy's word, and when its code was handed out */
  private readonly wordOf: (string | undefined)[] = [];
  private readonly outSince: (number | undefined)[] = [];

  constructor(private readonly policy: Policy) {
    this.secondsLeft = policy.lifetimeSeconds;
    if (policy.tooMany) this.signals.add('velocity');
  }

  pass(seconds: number): void {
    this.secondsLeft -= seconds;
    this.lockedSeconds -= seconds;
    this.elapsed += seconds;
  }

  lock(seconds: number): void {
    this.lockedSeconds = seconds;
  }

  give(nth: number, input: Input): void {
    const index = this.states.length - 1 - (nth % this.states.length);
    const state = this.states[index]!;
    if (input.kind === 'result') this.look(index, input);
    if (over.includes(this.status) || ended.includes(state)) return;
    const set = (to: string) => (this.states[index] = to);
    const live = state === 'issued' || state === 'awaiting-selfie';
    switch (input.kind) {
      case 'code-issued':
        if (state !== 'requested') return;
        set('issued');
        if (this.status === 'pending') this.status = 'active';
        return;
      case 'revealed':
        if (state === 'issued') {
          set('awaiting-selfie');
          this.outSince[index] = this.elapsed;
        }
        return;
      case 'superseded':
        set('void');
        return;
      case 'canceled':
        set('void');
        this.status = 'canceled';
        return;
      case 'lifetime-over':
        if (live) return;
        set('void');
        this.fail();
        return;
      case 'issue-refused':
        if (live) return;
        set('void');
        if (index > 0) this.status = 'failed';
        else this.status = input.reason === 'identification-required' ? input.reason : 'rejected';
        return;
      case 'result':
        if (live && input.claims.scanRef !== 'scan-2') this.result(index, input);
    }
  }

  /** Seconds from the beginning until iDenfy's word reached us. */
  private received({ selfie }: Result): number {
    return selfie?.receivedAt ? secondsUntil(selfie.receivedAt) : this.elapsed;
  }

  /** What a result shows is remembered, unless it is about somebody else, is too early to be about anything, or is old news. */
  private look(index: number, input: Result): void {
    const { claims, outcome, selfie } = input;
    const { status, failReason } = outcome;
    const since = this.outSince[index];
    const out = since === undefined ? undefined : Math.max(0, this.received(input) - since);
    const early = this.states[index] === 'requested' && !over.includes(this.status);
    if (claims.scanRef === 'scan-2' || early || this.wordOf[index] === status) return;
    if (failReason === 'FAKE_FACE') this.signals.add('presentation-attack');
    if (failReason === 'DUPLICATE_IMAGE') this.signals.add('duplicate-image');
    if (status === 'SUCCESS' && out === undefined) this.signals.add('never-revealed');
    if (['SUCCESS', 'FAILED'].includes(status) && out !== undefined && out < this.policy.tooFastSeconds)
      this.signals.add('too-fast');
    if (selfie?.ip === far) this.signals.add('different-network');
    if (selfie?.riskTags.includes('UNTRUSTED_ENVIRONMENT')) this.signals.add('untrusted-environment');
  }

  private get isSuspect(): boolean {
    return this.policy.hold.some((signal) => this.signals.has(signal));
  }

  private hold(why: string): void {
    this.status = 'in-review';
    this.heldFor = why;
    this.approvedBy = null;
  }

  private result(index: number, input: Result): void {
    const { status, source } = input.outcome;
    this.words.push(status);
    this.wordOf[index] = status;
    if (status === 'SUCCESS') {
      this.states[index] = 'passed';
      if (this.lockedSeconds > 0) this.hold('lock');
      else if (this.isSuspect) this.hold('signal');
      else if (source === 'webhook' && (this.policy.confirmPass === 'enforce' || this.isLate(input)))
        this.hold('confirming');
      else this.status = 'passed';
      return;
    }
    this.states[index] = 'retry';
    if (index + 1 === this.policy.maxAttempts || this.secondsLeft <= 0) return this.fail();
    if (!this.policy.retryOn.some((cause) => cause.toUpperCase() === status)) return;
    if (this.lockedSeconds > 0) return this.fail();
    this.states.push('requested');
  }

  private isLate(input: Result): boolean {
    return this.received(input) > secondsUntil(lastPunctual);
  }

  private fail(): void {
    this.status = this.words.at(-1) === 'EXPIRED' ? 'expired' : 'failed';
  }

  closeSession(why: 'canceled' | 'lifetime-over'): void {
    if (over.includes(this.status) || this.states.some((state) => !ended.includes(state))) return;
    if (why === 'canceled') this.status = 'canceled';
    else this.fail();
  }

  askForAttempt(): void {
    if (over.includes(this.status) || this.status === 'in-review') return;
    if (this.states.length === this.policy.maxAttempts || this.secondsLeft <= 0) return;
    if (!ended.includes(this.states.at(-1)!)) this.states[this.states.length - 1] = 'void';
    this.states.push('requested');
  }

  confirm(said: Confirmation): void {
    if (this.status !== 'in-review' || this.heldFor !== 'confirming') return;
    if (said !== 'approved') this.hold('no word');
    else if (this.isSuspect) this.hold('signal');
    else this.status = 'passed';
  }

  review(decision: 'pass' | 'fail', reviewer: string): void {
    if (this.status !== 'in-review') return;
    if (decision === 'fail') this.status = 'failed';
    else if (!this.policy.fourEyes || (this.approvedBy ?? reviewer) !== reviewer) this.status = 'passed';
    else this.approvedBy = reviewer;
  }
}
