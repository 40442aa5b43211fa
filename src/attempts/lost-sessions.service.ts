/** A create call whose answer was lost may have made a session: src/idenfy/README.md, "Open points". */
import { Inject, Injectable } from '@nestjs/common';
import { IdenfyClient } from '../idenfy/client.js';
import type { ProviderSession } from '../idenfy/contract.js';
import { AttemptMoves } from './attempt-moves.js';
import { Issuance, type Requested } from './issuance.service.js';
import { LockedAttempts } from './locked-attempts.js';
import { OrphansStore } from './orphans.store.js';
import type { AttemptRow } from './rows.js';

/** A session may show up in the list a moment after its call: it is looked for so often, so far apart. */
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

  /** Makes one call. @returns whether the work on the attempt has come to an end */
  async lookFor(requested: Requested, since: Date): Promise<boolean> {
    const { session, attempt } = requested;
    const outcome = await this.idenfy.listSessions();
    if (outcome.kind === 'retry-later') {
      await this.issuance.postpone(requested, outcome);
      return false;
    }
    // A list that may not be read, or cannot be, does not become readable by waiting: one more try is all there is.
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
    // The list tells no digits: a session is of use only where the token is enough.
    if (only && found.length === 1 && only.approved === null && !session.channels.includes('code')) {
      await this.issuance.keep(requested, since, { token: only.tokenString, code: null });
      return true;
    }
    await this.leaveBehind(requested, found);
    return false;
  }

  /** Lists sessions at iDenfy that no attempt uses; one that is known already is not listed again. */
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

  /** Sessions for the scanRef that are neither an attempt's nor listed as orphans. */
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
