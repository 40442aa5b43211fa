import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { retryAfterSecondsOf } from '../risk/subject.js';
import { SubjectsService } from '../risk/subjects.service.js';
import { AttemptSecrets, codeHint } from './attempt-secret.js';
import { delayMs } from './backoff.js';
import type { Input, IssueRefusal } from './decision.js';
import { DueStore } from './due.store.js';
import { LockedAttempts } from './locked-attempts.js';
import type { AttemptRow, SessionRow } from './rows.js';

/** A `requested` attempt with its session, as read a moment ago: every write checks the state again under the lock. */
export interface Requested {
  session: SessionRow;
  attempt: AttemptRow;
  /** Until then no other process calls iDenfy for the attempt. It also identifies the claim (DueStore.claim). */
  claimedUntil: Date;
}

/** Why there is no code yet. */
export interface Postponement {
  why: string;
  /** the delay that iDenfy or the budget requires; null: our own back-off */
  retryAfterSeconds: number | null;
  /** iDenfy's error message, for the log; without tokens, digits and scanRefs */
  detail?: string;
  /** the time of a paid call that got no answer, so iDenfy may have acted on it; null if there was no such call */
  lostSince?: Date | null;
}

const actor = { kind: 'system', id: 'issue-code' } as const;
/** Time for the write after a call, beyond the call's own deadline. */
const claimSlackMs = 3000;

/** A spent budget pauses the queue for no longer, so that a larger budget takes effect soon after a restart. */
const longestBudgetPauseMs = 60_000;

/** For how long the whole queue waits; null: only this attempt waits. */
function pauseMsOf(why: string, delay: number): number | null {
  if (why === 'budget-spent') return Math.min(delay, longestBudgetPauseMs);
  return why === 'rate-limited' ? delay : null;
}

/** How the work on a `requested` attempt begins and ends, whichever call is made in between. */
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

  /** Claims the attempt for one call to iDenfy. @returns null when another process has it, or when nothing is due */
  async begin(attemptId: string): Promise<Requested | null> {
    const now = this.clock.now();
    const claimedUntil = this.claimFrom(now);
    if (!(await this.due.claim(attemptId, now, claimedUntil))) return null;
    const requested = await this.attempts.with(attemptId, async ({ locked: { session }, attempt }) => ({
      session,
      attempt,
      claimedUntil,
    }));
    if (requested?.attempt.state !== 'requested') return null;
    const { session } = requested;
    if (session.expiresAt > now) {
      const { lockedUntil } = await this.subjects.standingNow(session.scanRef, now);
      if (!lockedUntil) return requested;
      const retryAfterSeconds = retryAfterSecondsOf(lockedUntil, now);
      await this.postpone(requested, { why: 'subject-locked', retryAfterSeconds });
      return null;
    }
    await this.attempts.decide(attemptId, actor, () => ({ kind: 'lifetime-over' }));
    return null;
  }

  /**
   * Makes sure that a call that may cost a credit is made only once. The call is recorded before it is made, and only
   * if the claim still holds. So no second paid call follows a process that dies during its call, and a process that
   * was paused after its claim makes no call. The record is `lostSince`. If the session is eligible, the call was for a
   * code; otherwise it was for an identification. The call must follow at once, so take it from the budget before.
   *
   * @returns the extended claim and the moment before the call; null when the call must not be made
   */
  async announceCall(requested: Requested): Promise<{ requested: Requested; since: Date } | null> {
    const since = this.clock.now();
    const claimedUntil = this.claimFrom(since);
    const { attempt } = requested;
    if (!(await this.due.announceCall(attempt.id, requested.claimedUntil, claimedUntil, since))) {
      this.logger.warn(`attempt ${attempt.id} ended or was taken over before iDenfy was called, so no call is made`);
      return null;
    }
    const announced = { ...requested, claimedUntil };
    // The claim must still cover the call's whole time-out, so at most the slack may have passed by now.
    if (this.clock.now().getTime() - since.getTime() <= claimSlackMs) return { requested: announced, since };
    await this.postpone(announced, { why: 'the process was paused', retryAfterSeconds: null, lostSince: null }, 0);
    return null;
  }

  private claimFrom(now: Date): Date {
    return new Date(now.getTime() + this.settings.idenfy.timeoutSeconds * 1000 + claimSlackMs);
  }

  async markEligible({ session, attempt, claimedUntil }: Requested): Promise<void> {
    await this.attempts.with(attempt.id, async ({ tx, now }) => {
      await this.due.setEligible(tx, session.id);
      if (!(await this.due.goOn(tx, attempt.id, claimedUntil, now))) return;
      this.dispatcher.afterCommit(tx, jobs.issueCode(attempt.id, attempt.issueTries));
    });
  }

  /**
   * Only the job records this step. If the job is lost before the identification call, the service repeats the
   * eligibility check.
   */
  async goOnToIdentify({ attempt, claimedUntil }: Requested): Promise<void> {
    await this.attempts.with(attempt.id, async ({ tx, now }) => {
      if (!(await this.due.goOn(tx, attempt.id, claimedUntil, now))) return;
      this.dispatcher.afterCommit(tx, jobs.identify(attempt.id, attempt.issueTries));
    });
  }

  /**
   * Stores a code. The first one to arrive is stored even without a claim, because it is paid for.
   * @param issuedAt the moment before the call: iDenfy returns no expiry, so ours must not be later than the real one
   * @param secret.lifetimeSeconds the lifetime in iDenfy's answer; null if it had none
   * @returns false when the attempt has ended or has a code already
   */
  async keep(
    { session, attempt }: Requested,
    issuedAt: Date,
    { lifetimeSeconds, ...secret }: { token: string; code: string | null; lifetimeSeconds: number | null },
  ): Promise<boolean> {
    const asked = session.codeLifetimeSeconds;
    const lives = Math.min(asked, lifetimeSeconds ?? asked);
    if (lives < asked) this.logger.warn(`iDenfy granted a code for ${lives} s instead of ${asked} s`);
    const expiresAt = new Date(issuedAt.getTime() + lives * 1000);
    const deadlineAt = new Date(expiresAt.getTime() + this.settings.deadlineGraceSeconds * 1000);
    const input: Input = { kind: 'code-issued', issuedAt, expiresAt, deadlineAt, codeHint: codeHint(secret.code) };
    const sealed = this.secrets.seal(attempt.id, secret);
    const decision = await this.attempts.decide(attempt.id, actor, () => input, sealed);
    if (decision?.kind !== 'moved') {
      this.logger.warn(`attempt ${attempt.id} ended before its code arrived, so the code is not used`);
      return false;
    }
    // A webhook may have arrived before the answer that holds its token.
    await this.dispatcher.add(jobs.applyResults());
    return true;
  }

  async refuse({ attempt, claimedUntil }: Requested, reason: IssueRefusal, detail: string): Promise<void> {
    await this.attempts.decide(attempt.id, actor, ({ nextTryAt }) =>
      nextTryAt?.getTime() === claimedUntil.getTime() ? { kind: 'issue-refused', reason, detail } : null,
    );
    if (reason === 'provider-rejected') this.logger.error(`iDenfy refused for good: ${detail}`);
  }

  async postpone(
    { session, attempt, claimedUntil }: Requested,
    { why, retryAfterSeconds, detail, lostSince }: Postponement,
    delay = delayMs(retryAfterSeconds, attempt.issueTries),
  ): Promise<void> {
    const pauseMs = pauseMsOf(why, delay);
    if (pauseMs !== null) await this.dispatcher.pauseFor('codes', Math.max(1000, pauseMs));
    const because = detail === undefined ? why : `${why}: ${detail}`;
    this.logger.warn(`no code for attempt ${attempt.id} yet (${because}), asking again in ${delay} ms`);
    await this.attempts.with(attempt.id, async ({ tx, attempt: current, now }) => {
      const still = lostSince === undefined ? current.lostSince : lostSince;
      const nextTryAt = new Date(now.getTime() + delay);
      if (!(await this.due.postpone(tx, attempt.id, claimedUntil, nextTryAt, still))) return;
      const again = session.eligible ? jobs.issueCode : jobs.checkEligibility;
      this.dispatcher.afterCommit(tx, again(attempt.id, current.issueTries + 1, delay));
    });
  }
}
