/**
 * The breaker of this process. Each process has its own: what opens it, five calls in a row without an answer, every
 * process that calls finds out for itself within five calls, and a process that cannot reach iDenfy while the others can
 * must not stop them. A shared one would need the queue's store, which may be what is away.
 */
import { ask, type Breaker, closedBreaker, learn, type Permission, standInLine } from './breaker.js';

export class Circuit {
  private breaker: Breaker = closedBreaker;

  /**
   * @param now milliseconds
   * @param changed told of every new state
   */
  constructor(
    private readonly now: () => number = () => Date.now(),
    private readonly changed: (state: Breaker['state']) => void = () => undefined,
  ) {}

  get state(): Breaker['state'] {
    return this.breaker.state;
  }

  /** Like `ask`, but never permits a call. @returns seconds to wait; null: `ask` would permit a call now */
  turnAway(): number | null {
    const { breaker, permission } = ask(this.breaker, this.now());
    if (permission.kind === 'call') return null;
    this.become(breaker);
    return permission.seconds;
  }

  /** A permission to call has to be given back by `learn`. */
  ask(): Permission {
    const { breaker, permission } = ask(this.breaker, this.now());
    this.become(breaker);
    return permission;
  }

  /** @param answered whether iDenfy answered at all: a refusal is an answer, a failure of its server is none */
  learn({ era }: { era: number }, answered: boolean): void {
    this.become(learn(this.breaker, era, answered, this.now()));
  }

  /** When to come back for one whose call failed: null while calls are made. */
  waitSeconds(): number | null {
    if (this.breaker.state === 'closed') return null;
    const { breaker, permission } = standInLine(this.breaker, this.now());
    this.become(breaker);
    return permission.seconds;
  }

  private become(next: Breaker): void {
    const { state } = this.breaker;
    this.breaker = next;
    if (next.state !== state) this.changed(next.state);
  }
}
