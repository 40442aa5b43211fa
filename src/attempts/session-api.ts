import { Inject, Injectable, Logger } from '@nestjs/common';
import { SessionReader } from '../idenfy/session-reader.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { AttemptSecrets } from './attempt-secret.js';
import type { Confirmation } from './pass.js';
import type { AttemptRow } from './rows.js';

/** So many answers about one attempt may say nothing certain, before it counts as if iDenfy could not be asked. */
const unclearMost = 5;
/** When reads have spent their share of the hour, they come back spread over this time. */
const spreadSeconds = 600;

/** iDenfy could not be asked, or said nothing certain: ask again. */
export interface NoAnswer {
  /** null: when to ask again is ours to say */
  retryAfterSeconds: number | null;
  /** iDenfy answered, but the answer says nothing certain */
  unclear: boolean;
}

/** `refused`: iDenfy does not say, and asking again about this attempt is of no use. */
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
        // Only this attempt waits: codes have a share of the budget of their own.
        const spread = why === 'budget-spent' ? Math.random() * spreadSeconds : 0;
        return { retryAfterSeconds: seconds === null ? null : seconds + spread, unclear: false };
      }
      case 'unclear':
        this.logger.warn(`iDenfy does not say what became of attempt ${attempt.id}: ${outcome.detail}`);
        return attempt.unclearAnswers + 1 >= unclearMost ? 'refused' : { retryAfterSeconds: null, unclear: true };
      case 'refused':
        // OperationGate logs a refusal that concerns everybody, once.
        this.logger.debug(`iDenfy does not say what became of attempt ${attempt.id}: ${outcome.detail}`);
        return 'refused';
    }
  }
}
