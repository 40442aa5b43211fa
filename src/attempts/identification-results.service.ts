import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import type { Transaction } from '../database/database.js';
import { AttemptMoves } from './attempt-moves.js';
import { AttemptsStore } from './attempts.store.js';
import { IdentificationsStore, type NamedIdentification } from './identifications.store.js';

/** Records that the user of a session has identified again, so that the platform learns the new scanRef. */
@Injectable()
export class IdentificationResults {
  constructor(
    @Inject(AttemptsStore) private readonly attempts: AttemptsStore,
    @Inject(IdentificationsStore) private readonly store: IdentificationsStore,
    @Inject(AttemptMoves) private readonly moves: AttemptMoves,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Inside the transaction that marks the webhook as applied. @returns `unknown`: not one of ours */
  async approved(
    tx: Transaction,
    { scanRef, clientId }: NamedIdentification,
    actor: Actor,
  ): Promise<'moved' | 'replayed' | 'unknown'> {
    const sessionId = await this.store.sessionOf(tx, { scanRef, clientId });
    // The clientId that we sent is the session's id.
    if (clientId !== null && clientId !== sessionId) return 'unknown';
    const locked = sessionId ? await this.attempts.lock(tx, sessionId) : null;
    const attempt = locked?.attempts.at(-1);
    if (!locked || !attempt) return 'unknown';
    const now = this.clock.now();
    if (!(await this.store.end(tx, locked.session.id, scanRef, now))) return 'replayed';
    // The spelling that the session shows: the webhook may use another letter case.
    const known = locked.session.identificationScanRef ?? scanRef;
    const events = [{ type: 'session.identified' as const, attemptId: null, data: { scanRef: known } }];
    await this.moves.tell(tx, locked, attempt.id, { events, signals: [] }, { actor, now });
    return 'moved';
  }
}
