/** A create call whose answer was lost may still have made a session: src/idenfy/README.md, "Open points". */
import { Inject, Injectable } from '@nestjs/common';
import { IdenfyClient } from '../idenfy/client.js';
import type { ProviderSession } from '../idenfy/contract.js';
import { AttemptMoves } from './attempt-moves.js';
import { Issuance, type Requested } from './issuance.service.js';
import { LockedAttempts } from './locked-attempts.js';
import { OrphansStore } from './orphans.store.js';
import type { AttemptRow } from './rows.js';

/** A session may appear in the list some time after its call, so we look this often, with this pause. */
const looksMost = 2;
const betweenLooksMs = 2000;

const actor = { kind: 'system', id: 'find-lost-session' } as const;

@Injectable()
export class LostSessions {
  constructor(
    @Inject(Issuance) private readonly issuance: Issuance,
    @Inject(LockedAttempts) private readonly attempts: LockedAttempts,
    @Inject(AttemptMoves) private readonly moves: AttemptMoves,
    @Inject(OrphansStore) private readonly orphans: OrphansStore,
    @Inject(IdenfyClient) private readonly idenfy: IdenfyClient,
  ) {}

  /** Makes one call. @returns whether the work on the attempt is over */
  async lookFor(requested: Requested, since: Date): Promise<boolean> {
    const { session, attempt } = requested;
    const outcome = await this.idenfy.listSessions();
    if (outcome.kind === 'retry-later') {
      await this.issuance.postpone(requested, outcome);
      return false;
    }
    // Waiting does not help if we may not read the list or cannot parse it: look only once, then ask for a new code.
    const found = outcome.kind === 'ok' ? await this.unknown(outcome.sessions, session.scanRef) : [];
    const looks = attempt.lostLooks + 1;
    if (found.length === 0) {
      const lost = outcome.kind === 'ok' && looks < looksMost ? { since, looks } : null;
      await this.issuance.postpone(
        requested,
        { why: 'lost', retryAfterSeconds: null, lost },
        lost ? betweenLooksMs : 0,
      );
      return false;
    }
    const [only] = found;
    // The list does not contain the digits: a session found there is useful only if the token is enough.
    if (only && found.length === 1 && only.approved === null && !session.channels.includes('code')) {
      await this.issuance.keep(requested, since, { token: only.tokenString, code: null });
      return true;
    }
    await this.leaveBehind(requested, found);
    return false;
  }

  /** Lists sessions at iDenfy that no attempt uses as orphans. A known session is not listed again. */
  async recordOrphans(attempt: AttemptRow, tokens: readonly string[]): Promise<void> {
    const unknown = await this.orphans.unknown(tokens);
    if (unknown.length === 0) return;
    await this.attempts.with(attempt.id, async ({ tx, locked, now }) => {
      const count = await this.orphans.keep(tx, unknown, attempt.id, now);
      if (count === 0) return;
      const data = { number: attempt.number, count };
      const events = [{ type: 'attempt.orphaned' as const, attemptId: attempt.id, data }];
      await this.moves.tell(tx, locked, attempt.id, { events, signals: [] }, { actor, now });
    });
  }

  /** Sessions for the scanRef that belong to no attempt and are not listed as orphans. */
  private async unknown(sessions: readonly ProviderSession[], scanRef: string): Promise<ProviderSession[]> {
    const theirs = sessions.filter(({ givenScanRef }) => givenScanRef === scanRef);
    const unknown = new Set(await this.orphans.unknown(theirs.map(({ tokenString }) => tokenString)));
    return theirs.filter(({ tokenString }) => unknown.has(tokenString));
  }

  private async leaveBehind(requested: Requested, found: readonly ProviderSession[]): Promise<void> {
    await this.recordOrphans(
      requested.attempt,
      found.map(({ tokenString }) => tokenString),
    );
    await this.issuance.postpone(requested, { why: 'orphaned', retryAfterSeconds: null, lost: null }, 0);
  }
}
