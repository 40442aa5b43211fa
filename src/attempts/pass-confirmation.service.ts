/** Asks the session API to confirm a pass that a webhook reported (CONFIRM_PASS). */
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { AttemptMoves } from './attempt-moves.js';
import { delayMs, patienceMs } from './backoff.js';
import { DueStore } from './due.store.js';
import { LockedAttempts } from './locked-attempts.js';
import { type Confirmation, confirmPass } from './pass.js';
import { type AttemptRow, sessionFacts } from './rows.js';
import { type NoAnswer, SessionApi } from './session-api.js';

const actor = { kind: 'system', id: 'confirm-pass' } as const;

@Injectable()
export class PassConfirmation {
  private readonly logger = new Logger(PassConfirmation.name);

  constructor(
    @Inject(LockedAttempts) private readonly attempts: LockedAttempts,
    @Inject(AttemptMoves) private readonly moves: AttemptMoves,
    @Inject(DueStore) private readonly due: DueStore,
    @Inject(SessionApi) private readonly sessionApi: SessionApi,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Makes at most one call. */
  async run(attemptId: string): Promise<void> {
    const found = await this.attempts.with(attemptId, async ({ attempt, now }) =>
      attempt.confirmAt && attempt.confirmAt <= now ? { attempt, now } : null,
    );
    if (!found) return;
    const said = await this.sessionApi.ask(found.attempt);
    if (said === 'refused') return this.settle(attemptId, 'unreachable');
    if (typeof said !== 'object') {
      if (said !== 'approved') this.logger.warn(`iDenfy does not confirm the pass of attempt ${attemptId}: ${said}`);
      return this.settle(attemptId, said);
    }
    if (found.now.getTime() >= (found.attempt.endedAt?.getTime() ?? 0) + patienceMs) {
      this.logger.warn(`no answer from iDenfy about the pass of attempt ${attemptId} for a day`);
      return this.settle(attemptId, 'unreachable');
    }
    await this.askAgain(found.attempt, found.now, said);
  }

  private async askAgain(attempt: AttemptRow, now: Date, { retryAfterSeconds, unclear }: NoAnswer): Promise<void> {
    const { confirmTries, unclearAnswers } = attempt;
    const delay = delayMs(retryAfterSeconds, unclear ? unclearAnswers : confirmTries);
    await this.due.postponeConfirmation(attempt.id, new Date(now.getTime() + delay), unclear);
    await this.dispatcher.add(jobs.confirmPass(attempt.id, confirmTries + unclearAnswers + 1, delay));
  }

  private async settle(attemptId: string, said: Confirmation): Promise<void> {
    await this.attempts.with(attemptId, async ({ tx, locked, attempt, now }) => {
      if (!(await this.due.endConfirmation(tx, attemptId))) return;
      const moved = confirmPass(sessionFacts(locked), attempt, said, { now, hold: this.settings.signals.hold });
      if (moved) await this.moves.write(tx, locked, attempt, moved, { actor, now });
    });
  }
}
