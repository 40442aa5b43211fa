import { Inject, Injectable, Logger } from '@nestjs/common';
import { IdenfyClient } from '../idenfy/client.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { AttemptSecrets } from './attempt-secret.js';
import type { Confirmation } from './pass.js';
import type { AttemptRow } from './rows.js';

/** iDenfy could not be asked, or did not tell; null: when to ask again is ours to say. */
interface NoAnswer {
  retryAfterSeconds: number | null;
}

export type SessionApiAnswer = Exclude<Confirmation, 'unreachable'> | NoAnswer;

/** Asks iDenfy's session API about the session of an attempt: src/idenfy/README.md, section 3. */
@Injectable()
export class SessionApi {
  private readonly logger = new Logger(SessionApi.name);

  constructor(
    @Inject(IdenfyClient) private readonly idenfy: IdenfyClient,
    @Inject(AttemptSecrets) private readonly secrets: AttemptSecrets,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
  ) {}

  /** Makes at most one call. */
  async ask(attempt: AttemptRow): Promise<SessionApiAnswer> {
    const token = this.secrets.token(attempt);
    if (token === null) return 'unknown-token';
    const outcome = await this.idenfy.readSession(token);
    switch (outcome.kind) {
      case 'ok':
        return outcome.approved === null ? 'undecided' : outcome.approved ? 'approved' : 'rejected';
      case 'not-found':
        return 'unknown-token';
      case 'retry-later': {
        const { retryAfterSeconds } = outcome;
        if (outcome.why === 'rate-limited') {
          await this.dispatcher.pauseFor('codes', Math.ceil(Math.max(1, retryAfterSeconds ?? 1) * 1000));
        }
        return { retryAfterSeconds };
      }
      case 'refused':
        this.logger.error(`iDenfy does not tell what became of a session: ${outcome.detail}`);
        return { retryAfterSeconds: null };
    }
  }
}
