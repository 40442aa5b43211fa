/**
 * Asks iDenfy for the verdict of an attempt that has none at its deadline: the code's expiry plus the grace period. The
 * deadline may have been moved earlier, while the code is still valid. Then only a verdict ends the attempt. After any
 * other answer the attempt gets its old deadline back.
 */
import { Inject, Injectable } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { delayMs, patienceMs } from './backoff.js';
import type { Input } from './decision.js';
import { DueStore } from './due.store.js';
import { LockedAttempts } from './locked-attempts.js';
import type { Outcome } from './outcome.js';
import type { AttemptRow } from './rows.js';
import { type NoAnswer, SessionApi, type SessionApiAnswer } from './session-api.js';
import { isFinalAttempt } from './states.js';

/** Maps iDenfy's final answer to the outcome of an attempt whose deadline is over. */
const outcomeOf = {
  approved: { status: 'SUCCESS', source: 'session-api' },
  rejected: { status: 'FAILED', source: 'session-api' },
  undecided: { status: 'EXPIRED', source: 'session-api' },
  'unknown-token': { status: 'EXPIRED', source: 'session-api' },
  refused: { status: 'EXPIRED', source: 'deadline' },
} as const satisfies Record<Extract<SessionApiAnswer, string>, Pick<Outcome, 'status' | 'source'>>;

@Injectable()
export class DeadlineCheck {
  constructor(
    @Inject(LockedAttempts) private readonly attempts: LockedAttempts,
    @Inject(DueStore) private readonly due: DueStore,
    @Inject(SessionApi) private readonly sessionApi: SessionApi,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Makes at most one call. */
  async run(attemptId: string): Promise<void> {
    const found = await this.attempts.with(attemptId, async ({ attempt, now }) =>
      isDue(attempt, now) ? { attempt, now } : null,
    );
    if (!found) return;
    const { attempt } = found;
    const said = await this.sessionApi.ask(attempt);
    if (said === 'approved' || said === 'rejected') return this.end(attemptId, said);
    const now = this.clock.now();
    const overAt = this.overAt(attempt);
    if (typeof said === 'object') {
      if (now.getTime() >= overAt.getTime() + patienceMs) return this.end(attemptId, 'refused');
      return this.askAgain(attempt, now, said);
    }
    if (now >= overAt) return this.end(attemptId, said);
    if (!(await this.due.restoreDeadline(attempt, found.now, overAt))) return;
    await this.dispatcher.add(jobs.deadline(attempt.id, overAt.getTime() - now.getTime()));
  }

  /** When the grace period after the code's expiry ends. */
  private overAt({ expiresAt }: AttemptRow): Date {
    return new Date((expiresAt?.getTime() ?? 0) + this.settings.deadlineGraceSeconds * 1000);
  }

  private async askAgain(attempt: AttemptRow, now: Date, { retryAfterSeconds, unclear }: NoAnswer): Promise<void> {
    const delay = delayMs(retryAfterSeconds, unclear ? attempt.unclearAnswers : attempt.checkTries);
    await this.due.postponeCheck(attempt, new Date(now.getTime() + delay), unclear);
    await this.dispatcher.add(jobs.check(attempt.id, delay));
  }

  private async end(attemptId: string, said: keyof typeof outcomeOf): Promise<void> {
    await this.attempts.decide(attemptId, { kind: 'system', id: 'deadline' }, (current, now) =>
      isDue(current, now) ? result({ ...outcomeOf[said], failReason: null, at: now.toISOString() }) : null,
    );
  }
}

const isDue = (attempt: AttemptRow, now: Date): boolean =>
  !isFinalAttempt(attempt.state) && attempt.deadlineAt !== null && attempt.deadlineAt <= now;

/** What the session API says is about the token that was asked for, and names nothing else. */
function result(outcome: Outcome): Input {
  return { kind: 'result', outcome, claims: { scanRef: null, type: null, method: null } };
}
