/**
 * What a session is, said once more and differently: no events, no reasons, no columns. The decisions are held against
 * it step by step.
 */
import type { Input } from '../../src/attempts/decision.js';
import type { Confirmation } from '../../src/attempts/pass.js';
import type { Policy } from './history.js';

const over = ['passed', 'failed', 'expired', 'canceled', 'identification-required', 'rejected'];
const ended = ['passed', 'retry', 'void'];

export class Model {
  status = 'pending';
  states = ['requested'];
  /** iDenfy's words so far, oldest first, of attempts that ended by one */
  private readonly words: string[] = [];
  private secondsLeft: number;
  private lockedSeconds = 0;
  private waitsForConfirmation = false;

  constructor(private readonly policy: Policy) {
    this.secondsLeft = policy.lifetimeSeconds;
  }

  pass(seconds: number): void {
    this.secondsLeft -= seconds;
    this.lockedSeconds -= seconds;
  }

  lock(seconds: number): void {
    this.lockedSeconds = seconds;
  }

  give(nth: number, input: Input): void {
    const index = this.states.length - 1 - (nth % this.states.length);
    const state = this.states[index]!;
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
        if (state === 'issued') set('awaiting-selfie');
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
        if (live && input.claims.scanRef !== 'scan-2') this.result(index, input.outcome.status, input.outcome.source);
    }
  }

  private result(index: number, status: string, source: string): void {
    this.words.push(status);
    const held = source === 'webhook' && this.policy.confirmPass === 'enforce';
    if (status === 'SUCCESS') {
      this.states[index] = 'passed';
      this.status = held || this.lockedSeconds > 0 ? 'in-review' : 'passed';
      this.waitsForConfirmation = held && this.lockedSeconds <= 0;
      return;
    }
    this.states[index] = 'retry';
    if (index + 1 === this.policy.maxAttempts || this.secondsLeft <= 0) return this.fail();
    if (!this.policy.retryOn.some((cause) => cause.toUpperCase() === status)) return;
    if (this.lockedSeconds > 0) return this.fail();
    this.states.push('requested');
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
    if (this.status !== 'in-review' || !this.waitsForConfirmation) return;
    this.waitsForConfirmation = false;
    if (said === 'approved') this.status = 'passed';
  }

  review(decision: 'pass' | 'fail'): void {
    if (this.status === 'in-review') this.status = decision === 'pass' ? 'passed' : 'failed';
  }
}
