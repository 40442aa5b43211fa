import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { newId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { Database, type Transaction } from '../database/database.js';
import type { Actor } from '../core/actor.js';
import { retryAfterSecondsOf } from '../risk/subject.js';
import { SubjectsService } from '../risk/subjects.service.js';
import { AttemptMoves } from './attempt-moves.js';
import { AttemptSecrets, type RevealedCode } from './attempt-secret.js';
import { AttemptsStore } from './attempts.store.js';
import type { Decision, Input, Moved } from './decision.js';
import { type AttemptRow, liveAttempt, sessionFacts, type SessionWithAttempts } from './rows.js';
import { close, requestAttempt } from './session.js';
import { isOpenSession } from './states.js';

export interface Revealed {
  /** the session as it is once the code is handed out */
  session: SessionWithAttempts;
  attempt: AttemptRow;
  secret: RevealedCode;
}

/** What the platform, iDenfy and the clock may ask of an attempt: each is one transaction. */
@Injectable()
export class AttemptsService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(AttemptsStore) private readonly store: AttemptsStore,
    @Inject(AttemptMoves) private readonly moves: AttemptMoves,
    @Inject(AttemptSecrets) private readonly secrets: AttemptSecrets,
    @Inject(SubjectsService) private readonly subjects: SubjectsService,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Hands the code out; may be repeated while it lives. */
  reveal(
    sessionId: string,
    reach: Reach,
    actor: Actor,
  ): Promise<Revealed | 'not-found' | 'session-closed' | 'no-live-code'> {
    return this.database.transaction(async (tx) => {
      const locked = await this.store.lockWithin(tx, sessionId, reach);
      if (!locked) return 'not-found';
      if (!isOpenSession(locked.session.status)) return 'session-closed';
      const now = this.clock.now();
      const attempt = liveAttempt(locked.attempts);
      if (!attempt?.expiresAt || attempt.expiresAt <= now) return 'no-live-code';
      const secret = this.secrets.reveal(attempt, locked.session.channels);
      if (!secret) return 'no-live-code';
      const decision = await this.moves.apply(tx, locked, attempt, { kind: 'revealed' }, { actor, now });
      if (decision.kind === 'refused') return 'no-live-code';
      const session = (await this.store.lock(tx, sessionId)) ?? locked;
      return { session, attempt, secret };
    });
  }

  /** A new code on demand; one that lives becomes void first. @returns the id of the new attempt */
  requestNew(
    sessionId: string,
    reach: Reach,
    actor: Actor,
    expect: (attemptId: string) => void,
  ): Promise<
    { attemptId: string } | { lockedForSeconds: number } | 'not-found' | 'session-closed' | 'attempts-exhausted'
  > {
    return this.database.transaction(async (tx) => {
      let locked = await this.store.lockWithin(tx, sessionId, reach);
      if (!locked) return 'not-found';
      const now = this.clock.now();
      const request = requestAttempt(sessionFacts(locked), locked.attempts.length, {
        now,
        nextAttemptId: newId('att'),
      });
      if (typeof request === 'string') return request;
      const { lockedUntil } = await this.subjects.standing(tx, locked.session.scanRef, now);
      if (lockedUntil) return { lockedForSeconds: retryAfterSecondsOf(lockedUntil, now) };
      const live = liveAttempt(locked.attempts);
      if (live) {
        await this.moves.apply(tx, locked, live, { kind: 'superseded' }, { actor, now });
        locked = (await this.store.lock(tx, sessionId)) ?? locked;
      }
      const { next, event } = request;
      expect(next.id);
      const moved: Moved = { kind: 'moved', attempt: null, session: null, events: [event], next };
      await this.moves.write(tx, locked, null, moved, { actor, now });
      return { attemptId: next.id };
    });
  }

  cancel(sessionId: string, reach: Reach, actor: Actor): Promise<'canceled' | 'not-found' | 'session-closed'> {
    return this.database.transaction(async (tx) => {
      const locked = await this.store.lockWithin(tx, sessionId, reach);
      if (!locked) return 'not-found';
      return (await this.end(tx, locked, 'canceled', actor)) ? 'canceled' : 'session-closed';
    });
  }

  /** Ends a session whose lifetime is over and that has no live code. */
  closeAtEndOfLife(sessionId: string): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const locked = await this.store.lock(tx, sessionId);
      if (!locked || locked.session.expiresAt > this.clock.now()) return false;
      const live = liveAttempt(locked.attempts);
      if (live && live.state !== 'requested') return false;
      return this.end(tx, locked, 'lifetime-over', { kind: 'system', id: 'session-lifetime' });
    });
  }

  /** Applies a result, inside the transaction that marks its webhook as applied. */
  async applyResult(tx: Transaction, attemptId: string, actor: Actor, input: (now: Date) => Input): Promise<Decision> {
    const sessionId = await this.store.sessionOf(attemptId, tx);
    const locked = sessionId ? await this.store.lock(tx, sessionId) : null;
    const attempt = locked?.attempts.find(({ id }) => id === attemptId);
    if (!locked || !attempt) return { kind: 'refused', reason: 'unknown-token', events: [], signals: [] };
    const now = this.clock.now();
    return this.moves.apply(tx, locked, attempt, input(now), { actor, now });
  }

  private async end(tx: Transaction, locked: SessionWithAttempts, why: 'canceled' | 'lifetime-over', actor: Actor) {
    const now = this.clock.now();
    const live = liveAttempt(locked.attempts);
    if (live) return (await this.moves.apply(tx, locked, live, { kind: why }, { actor, now })).kind === 'moved';
    const moved = close(sessionFacts(locked), why, now);
    if (moved === 'session-closed') return false;
    await this.moves.write(tx, locked, null, moved, { actor, now });
    return true;
  }
}
