/**
 * Finds sessions at iDenfy for one of our scanRefs that no attempt uses: src/idenfy/README.md, "Open points". A create
 * call may have made such a session if its answer was lost or has no digits. The session may also belong to another
 * product on the same account. So it is recorded as an orphan and never used.
 */
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import type { RetryLater } from '../idenfy/outcomes.js';
import { SessionReader } from '../idenfy/session-reader.js';
import { AttemptMoves } from './attempt-moves.js';
import { Issuance, type Requested } from './issuance.service.js';
import { LockedAttempts } from './locked-attempts.js';
import { OrphansStore } from './orphans.store.js';
import type { AttemptRow } from './rows.js';
import { isSameScanRef } from '../idenfy/scan-ref.js';

/** The list serves only our records, so the user's code waits no longer than this for it. */
const listPatienceMs = 60_000;

const actor = { kind: 'system', id: 'find-lost-session' } as const;

@Injectable()
export class LostSessions {
  private readonly logger = new Logger(LostSessions.name);

  constructor(
    @Inject(Issuance) private readonly issuance: Issuance,
    @Inject(LockedAttempts) private readonly attempts: LockedAttempts,
    @Inject(AttemptMoves) private readonly moves: AttemptMoves,
    @Inject(OrphansStore) private readonly orphans: OrphansStore,
    @Inject(SessionReader) private readonly reader: SessionReader,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * Records the sessions that a lost create call may have made. Afterwards another create call is due. Makes one call.
   * @param since the moment before the lost call
   */
  async lookFor(requested: Requested, since: Date): Promise<void> {
    const { session, attempt } = requested;
    const outcome = await this.reader.list();
    if (outcome.kind === 'ok') {
      const ofScanRef = outcome.sessions.filter(({ givenScanRef }) => isSameScanRef(givenScanRef, session.scanRef));
      await this.recordOrphans(
        attempt,
        ofScanRef.map(({ tokenString }) => tokenString),
      );
    } else {
      if (outcome.kind === 'retry-later' && this.waitsFor(outcome, since)) {
        return this.issuance.postpone(requested, outcome);
      }
      this.logger.warn(`cannot look for the session of a lost create call: ${outcome.detail}`);
    }
    await this.issuance.postpone(requested, { why: 'lost', retryAfterSeconds: null, lostSince: null }, 0);
  }

  private waitsFor({ why }: RetryLater, since: Date): boolean {
    // While the breaker is open, the create call could not be made, either.
    if (why === 'provider-down') return true;
    // Reads have spent their half of the budget; create calls have the other half.
    if (why === 'budget-spent') return false;
    return this.clock.now().getTime() < since.getTime() + listPatienceMs;
  }

  /** Records as orphans the sessions that no attempt uses, each of them once. */
  async recordOrphans(attempt: AttemptRow, tokens: readonly string[]): Promise<void> {
    const unknown = tokens.length === 0 ? [] : await this.orphans.unknown(tokens);
    if (unknown.length === 0) return;
    await this.attempts.with(attempt.id, async ({ tx, locked, now }) => {
      const count = await this.orphans.keep(tx, unknown, attempt.id);
      if (count === 0) return;
      const data = { number: attempt.number, count };
      const events = [{ type: 'attempt.orphaned' as const, attemptId: attempt.id, data }];
      await this.moves.tell(tx, locked, attempt.id, { events, signals: [] }, { actor, now });
    });
  }
}
