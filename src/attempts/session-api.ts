import { Inject, Injectable, Logger } from '@nestjs/common';
import { SessionReader } from '../idenfy/session-reader.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { AttemptSecrets } from './attempt-secret.js';
import type { Confirmation } from './pass.js';
import type { AttemptRow } from './rows.js';

/** After this many unclear answers about one attempt, the service stops asking about it. */
const unclearMost = 5;
/** When reads have spent their half of the budget, their next tries are spread over this time. */
const spreadSeconds = 600;

/** No answer, or an unclear one: ask again. */
export interface NoAnswer {
  /** null: use our own back-off */
  retryAfterSeconds: number | null;
  /** iDenfy answered, but the answer is unclear */
  unclear: boolean;
}

/** `refused`: iDenfy does not answer the question, and asking again about this attempt is pointless. */
export type SessionApiAnswer = Exclude<Confirmation, 'unreachable'> | 'refused' | NoAnswer;

/** Asks iDenfy's session API about the session of an attempt: src/idenfy/README.md, section 3. */
@Injectable()
export class SessionApi {
  private readonly logger = new Logger(SessionApi.name);

  constructor(
    @Inject(SessionReader) private readonly reader: SessionReader,
    @Inject(AttemptSecrets) private readonly secrets: AttemptSecrets,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
  ) {}

  /** Makes at most one call. */
  async ask(attempt: AttemptRow): Promise<SessionApiAnswer> {
    const token = this.secrets.token(attempt);
    if (token === null) return 'unknown-token';
    const outcome = await this.reader.read(token);
    switch (outcome.kind) {
      case 'ok':
        return outcome.approved === null ? 'undecided' : outcome.approved ? 'approved' : 'rejected';
      case 'not-found':
        return 'unknown-token';
      case 'ask-again':
        return { retryAfterSeconds: 0, unclear: false };
      case 'retry-later': {
        const { retryAfterSeconds: seconds, why } = outcome;
        if (why === 'rate-limited') {
          await this.dispatcher.pauseFor('codes', Math.ceil(Math.max(1, seconds ?? 1) * 1000));
        }
        // Only this attempt waits: codes have their own half of the budget.
        const spread = why === 'budget-spent' ? Math.random() * spreadSeconds : 0;
        return { retryAfterSeconds: seconds === null ? null : seconds + spread, unclear: false };
      }
      case 'unclear':
        this.logger.warn(`unclear answer from iDenfy about attempt ${attempt.id}: ${outcome.detail}`);
        return attempt.unclearAnswers + 1 >= unclearMost ? 'refused' : { retryAfterSeconds: null, unclear: true };
      case 'refused':
        // OperationGate logs a refusal of the account once, as an error.
        this.logger.debug(`iDenfy refuses to answer about attempt ${attempt.id}: ${outcome.detail}`);
        return 'refused';
    }
  }
}
