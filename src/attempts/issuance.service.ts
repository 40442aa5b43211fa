import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { SubjectsService } from '../risk/subjects.service.js';
import { AttemptSecrets, codeHint } from './attempt-secret.js';
import { delayMs } from './backoff.js';
import type { Input, IssueRefusal } from './decision.js';
import { DueStore } from './due.store.js';
import { LockedAttempts } from './locked-attempts.js';
import type { AttemptRow, SessionRow } from './rows.js';

/** A `requested` attempt with its session, as it was a moment ago: every write asks again under the lock. */
export interface Requested {
  session: SessionRow;
  attempt: AttemptRow;
}

/** Why there is no code yet. */
export interface Postponement {
  why: string;
  /** what iDenfy asked for; null: our own back-off */
  retryAfterSeconds: number | null;
  /** a create call whose session may exist all the same; null: none is looked for (any more) */
  lost?: { since: Date; looks: number } | null;
}

const actor = { kind: 'system', id: 'issue-code' } as const;
/** Beyond the call's own deadline, what the write after it may take. */
const claimSlackMs = 3000;

/** How the work on a `requested` attempt begins and ends, whatever is done in between. */
@Injectable()
export class Issuance {
  private readonly logger = new Logger(Issuance.name);

  constructor(
    @Inject(LockedAttempts) private readonly attempts: LockedAttempts,
    @Inject(DueStore) private readonly due: DueStore,
    @Inject(AttemptSecrets) private readonly secrets: AttemptSecrets,
    @Inject(SubjectsService) private readonly subjects: SubjectsService,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Takes the attempt for one call to iDenfy. @returns null when another has it, or nothing is due */
  async begin(attemptId: string): Promise<Requested | null> {
    const now = this.clock.now();
    // Nobody else calls while we may still be at it.
    const until = new Date(now.getTime() + this.settings.idenfy.timeoutSeconds * 1000 + claimSlackMs);
    if (!(await this.due.claim(attemptId, now, until))) return null;
    const requested = await this.attempts.with(attemptId, async ({ locked: { session }, attempt }) => ({
      session,
      attempt,
    }));
    if (requested?.attempt.state !== 'requested') return null;
    const { session } = requested;
    if (session.expiresAt > now) {
      const { lockedUntil } = await this.subjects.standingNow(session.scanRef, now);
      if (!lockedUntil) return requested;
      const retryAfterSeconds = Math.ceil((lockedUntil.getTime() - now.getTime()) / 1000);
      await this.postpone(requested, { why: 'subject-locked', retryAfterSeconds });
      return null;
    }
    await this.attempts.decide(attemptId, actor, () => ({ kind: 'lifetime-over' }));
    return null;
  }

  /** Durable before the call: a process that dies in it must not be followed by a second paid one. */
  announceCreate({ attempt }: Requested, since: Date): Promise<void> {
    return this.due.markCreating(attempt.id, since);
  }

  async markEligible({ session, attempt }: Requested): Promise<void> {
    await this.attempts.with(attempt.id, async ({ tx, now }) => {
      await this.due.setEligible(tx, session.id);
      await this.due.goOn(tx, attempt.id, now);
      this.dispatcher.afterCommit(tx, jobs.issueCode(attempt.id, attempt.issueTries));
    });
  }

  /** Nobody remembers this but the job: where it is lost, eligibility is asked once more. */
  async goOnToIdentify({ attempt }: Requested): Promise<void> {
    await this.attempts.with(attempt.id, async ({ tx, now }) => {
      await this.due.goOn(tx, attempt.id, now);
      this.dispatcher.afterCommit(tx, jobs.identify(attempt.id, attempt.issueTries));
    });
  }

  /** @param issuedAt before the request that made the code: iDenfy returns no expiry, and ours may only be earlier */
  async keep(
    { session, attempt }: Requested,
    issuedAt: Date,
    secret: { token: string; code: string | null },
  ): Promise<void> {
    const expiresAt = new Date(issuedAt.getTime() + session.codeLifetimeSeconds * 1000);
    const deadlineAt = new Date(expiresAt.getTime() + this.settings.deadlineGraceSeconds * 1000);
    const input: Input = { kind: 'code-issued', issuedAt, expiresAt, deadlineAt, codeHint: codeHint(secret.code) };
    const sealed = this.secrets.seal(attempt.id, secret);
    const decision = await this.attempts.decide(attempt.id, actor, () => input, sealed);
    // A webhook may have been quicker than the answer that told us the token.
    if (decision?.kind === 'moved') await this.dispatcher.add(jobs.applyResults());
    else this.logger.warn(`attempt ${attempt.id} ended while its code was being made; the code is not used`);
  }

  async refuse({ attempt }: Requested, reason: IssueRefusal, detail: string): Promise<void> {
    await this.attempts.decide(attempt.id, actor, () => ({ kind: 'issue-refused', reason, detail }));
    if (reason === 'provider-rejected') this.logger.error(`iDenfy refuses for good: ${detail}`);
  }

  async postpone(
    { session, attempt }: Requested,
    { why, retryAfterSeconds, lost }: Postponement,
    delay = delayMs(retryAfterSeconds, attempt.issueTries),
  ): Promise<void> {
    if (why === 'rate-limited') await this.dispatcher.pauseFor('codes', Math.max(1000, delay));
    this.logger.warn(`no code for attempt ${attempt.id} yet (${why}), next try in ${delay} ms`);
    await this.attempts.with(attempt.id, async ({ tx, attempt: current, now }) => {
      const still = lost === undefined ? { since: current.lostSince, looks: current.lostLooks } : lost;
      await this.due.postpone(tx, current, new Date(now.getTime() + delay), still ?? { since: null, looks: 0 });
      const again = session.eligible ? jobs.issueCode : jobs.checkEligibility;
      this.dispatcher.afterCommit(tx, again(attempt.id, current.issueTries + 1, delay));
    });
  }
}
