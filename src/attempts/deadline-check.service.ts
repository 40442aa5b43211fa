/** What becomes of a code that is over, grace included, and of which nobody has told: iDenfy is asked. */
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import type { FinalStatus } from '../idenfy/contract.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { delayMs, patienceMs } from './backoff.js';
import type { Input } from './decision.js';
import { DueStore } from './due.store.js';
import { LockedAttempts } from './locked-attempts.js';
import type { Outcome } from './outcome.js';
import type { AttemptRow } from './rows.js';
import { SessionApi, type SessionApiAnswer } from './session-api.js';
import { isFinalAttempt } from './states.js';

const statusOf = {
  approved: 'SUCCESS',
  rejected: 'FAILED',
  undecided: 'EXPIRED',
  'unknown-token': 'EXPIRED',
} as const satisfies Record<Extract<SessionApiAnswer, string>, FinalStatus>;

@Injectable()
export class DeadlineCheck {
  constructor(
    @Inject(LockedAttempts) private readonly attempts: LockedAttempts,
    @Inject(DueStore) private readonly due: DueStore,
    @Inject(SessionApi) private readonly sessionApi: SessionApi,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Makes at most one call. */
  async run(attemptId: string): Promise<void> {
    const attempt = await this.attempts.with(attemptId, async (found) =>
      isDue(found.attempt, found.now) ? found.attempt : null,
    );
    if (!attempt) return;
    const said = await this.sessionApi.ask(attempt);
    if (typeof said !== 'object') return this.end(attemptId, statusOf[said], 'session-api');
    const patientUntil = (attempt.expiresAt?.getTime() ?? 0) + patienceMs;
    if (this.clock.now().getTime() >= patientUntil) return this.end(attemptId, 'EXPIRED', 'deadline');
    const delay = delayMs(said.retryAfterSeconds, attempt.checkTries);
    await this.due.postponeCheck(attempt, new Date(this.clock.now().getTime() + delay));
    await this.dispatcher.add(jobs.deadline(attempt.id, delay));
  }

  private async end(attemptId: string, status: FinalStatus, source: Outcome['source']): Promise<void> {
    await this.attempts.decide(attemptId, { kind: 'system', id: 'deadline' }, (current, now) =>
      isDue(current, now) ? result({ status, failReason: null, source, at: now.toISOString() }) : null,
    );
  }
}

const isDue = (attempt: AttemptRow, now: Date): boolean =>
  !isFinalAttempt(attempt.state) && attempt.deadlineAt !== null && attempt.deadlineAt <= now;

/** What the session API says is about the token that was asked for, and names nothing else. */
function result(outcome: Outcome): Input {
  return { kind: 'result', outcome, claims: { scanRef: null, type: null, method: null } };
}
