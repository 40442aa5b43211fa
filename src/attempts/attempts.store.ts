/** Sessions and attempts as rows. `write` is the only method that sets a state or a status. */
import { Inject, Injectable } from '@nestjs/common';
import { and, asc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { Database, type Queryable, type Transaction } from '../database/database.js';
import { LostGuard } from '../database/database-errors.js';
import { attempts, sessions, subjectKeys } from '../database/schema.js';
import { within } from '../database/within.js';
import type { Actor } from '../core/actor.js';
import type { Reach } from '../core/reach.js';
import { JournalStore } from '../journal/journal.store.js';
import type { Signal } from '../config/read-signals.js';
import type { AttemptChange, Moved, Refused, SessionChange } from './decision.js';
import type { NewEvent } from '../journal/journal-event.js';
import type { AttemptRow, NewSession, SessionRow, SessionWithAttempts } from './rows.js';
import { isFinalAttempt } from './states.js';

/** Values that are written together with a decision. */
export interface WithMove {
  actor: Actor;
  now: Date;
  /** when a code was issued: the sealed token and digits, and the token's digest */
  secret?: { sealed: Buffer; tokenDigest: Buffer };
  /** when a pass is still to be confirmed: the token alone, sealed */
  keptToken?: Buffer;
  /** of the address that a result came from */
  addressDigest?: Buffer | null;
}

@Injectable()
export class AttemptsStore {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(JournalStore) private readonly journal: JournalStore,
  ) {}

  async find(sessionId: string, reach: Reach): Promise<SessionWithAttempts | null> {
    const [found] = await this.findMany(this.database, [sessionId], within(reach, sessions.platform));
    return found ?? null;
  }

  async findMany(database: Queryable, sessionIds: readonly string[], condition?: SQL): Promise<SessionWithAttempts[]> {
    if (sessionIds.length === 0) return [];
    // One statement, so that a session and its attempts show the same moment. Each session has at least one attempt.
    const rows = (await database.orm
      .select({ session: sessions, attempt: attempts, keySealed: subjectKeys.keySealed })
      .from(sessions)
      .innerJoin(attempts, eq(attempts.sessionId, sessions.id))
      .leftJoin(subjectKeys, eq(subjectKeys.id, sessions.subjectKeyId))
      .where(and(inArray(sessions.id, [...sessionIds]), condition))
      .orderBy(asc(attempts.number))) as { session: SessionRow; attempt: AttemptRow; keySealed: Buffer | null }[];
    const byId = new Map<string, SessionWithAttempts>();
    for (const { session, attempt, keySealed } of rows) {
      const found = byId.get(session.id);
      const subjectKey = session.subjectKeyId === null ? null : { id: session.subjectKeyId, sealed: keySealed };
      if (found) found.attempts.push(attempt);
      else byId.set(session.id, { session, attempts: [attempt], subjectKey });
    }
    return sessionIds.flatMap((id) => byId.get(id) ?? []);
  }

  /** Locks many sessions, always in the same order, so that two transactions never wait for each other. */
  async lockMany(tx: Transaction, sessionIds: readonly string[]): Promise<void> {
    await tx.query('select from sessions where id = any ($1) order by id for update', [[...sessionIds]]);
  }

  /** Locks the session's row, and with it its attempts and its journal, until the transaction ends. */
  async lock(tx: Transaction, sessionId: string): Promise<SessionWithAttempts | null> {
    const { count } = await tx.query('select from sessions where id = $1 for update', [sessionId]);
    if (count === 0) return null;
    return (await this.findMany(tx, [sessionId]))[0] ?? null;
  }

  /** Like `lock`, for a caller of the API. @returns null also if the session is out of reach */
  async lockWithin(tx: Transaction, sessionId: string, reach: Reach): Promise<SessionWithAttempts | null> {
    const { count } = await tx.query(
      'select from sessions where id = $1 and ($2::text is null or platform = $2) for update',
      [sessionId, reach.platform],
    );
    return count === 0 ? null : ((await this.findMany(tx, [sessionId]))[0] ?? null);
  }

  /** @param from the open transaction, if any: on the embedded database another statement would wait for it forever */
  async sessionOf(attemptId: string, from: Queryable = this.database): Promise<string | null> {
    const [row] = await from.orm
      .select({ sessionId: attempts.sessionId })
      .from(attempts)
      .where(eq(attempts.id, attemptId));
    return row?.sessionId ?? null;
  }

  async insertSession(
    tx: Transaction,
    session: NewSession,
    first: { id: string; number: number; signals: readonly Signal[] },
    events: NewEvent[],
    actor: Actor,
  ) {
    await tx.orm.insert(sessions).values({ ...session, seq: events.length });
    await this.insertAttempt(tx, session, first, session.createdAt);
    await this.journal.append(tx, session, 1, events, session.createdAt, actor);
  }

  private async insertAttempt(
    tx: Transaction,
    { id: sessionId, scanRef, platform, initiatorIpDigest: initiator }: NewSession,
    { id, number, signals = [] }: { id: string; number: number; signals?: readonly Signal[] },
    now: Date,
  ) {
    const ipDigests = initiator ? { ipDigests: sql`array[${initiator}::bytea]` } : {};
    const begun = { state: 'requested', createdAt: now, nextTryAt: now, signals: [...signals] };
    await tx.orm.insert(attempts).values({ id, number, sessionId, scanRef, platform, ...begun, ...ipDigests });
  }

  /**
   * Writes what was decided: the rows, guarded by the state and version they were read with, and the events.
   * @throws LostGuard
   */
  async write(
    tx: Transaction,
    { session }: SessionWithAttempts,
    attempt: AttemptRow | null,
    moved: Moved,
    beside: WithMove,
  ) {
    if (moved.attempt && attempt) await this.updateAttempt(tx, attempt, moved.attempt, beside);
    if (moved.signals && attempt) await this.addSignals(tx, attempt.id, moved.signals);
    await this.updateSession(tx, session, moved.session, moved.events.length, beside.now);
    if (moved.next) await this.insertAttempt(tx, session, moved.next, beside.now);
    await this.journal.append(tx, session, session.seq + 1, moved.events, beside.now, beside.actor);
  }

  /** Appends events that do not change a state, and the signals that they raise. */
  async tell(
    tx: Transaction,
    { session }: SessionWithAttempts,
    attemptId: string,
    { events, signals }: Pick<Refused, 'events' | 'signals'>,
    beside: WithMove,
  ) {
    if (signals.length > 0 || beside.addressDigest) await this.addSignals(tx, attemptId, signals, beside.addressDigest);
    await this.updateSession(tx, session, null, events.length, beside.now);
    await this.journal.append(tx, session, session.seq + 1, events, beside.now, beside.actor);
  }

  private async addSignals(
    tx: Transaction,
    attemptId: string,
    signals: readonly Signal[],
    addressDigest: Buffer | null = null,
  ): Promise<void> {
    await tx.query(
      `update attempts set signals = ${unionOfSignals('$2')}, ip_digests = ${withAddress('$3')} where id = $1`,
      [attemptId, [...signals], addressDigest],
    );
  }

  private async updateAttempt(tx: Transaction, attempt: AttemptRow, change: AttemptChange, beside: WithMove) {
    const ended = isFinalAttempt(change.state);
    const { count } = await tx.query(
      `update attempts set
         state = $4, version = version + 1,
         reason = coalesce($5, reason), outcome = coalesce($6, outcome), code_hint = coalesce($7, code_hint),
         issued_at = coalesce($8, issued_at), revealed_at = coalesce($9, revealed_at),
         expires_at = coalesce($10, expires_at), deadline_at = coalesce($11, deadline_at),
         ended_at = coalesce($12, ended_at), token_digest = coalesce($13, token_digest),
         secret_sealed = case when $14 then $15 else coalesce($15, secret_sealed) end,
         next_try_at = case when $4 = 'requested' then next_try_at end, lost_since = null,
         confirm_at = $16, signals = ${unionOfSignals('$17')}, ip_digests = ${withAddress('$18')}
       where id = $1 and state = $2 and version = $3`,
      [
        attempt.id,
        attempt.state,
        attempt.version,
        change.state,
        change.reason ?? null,
        change.outcome ? JSON.stringify(change.outcome) : null,
        change.codeHint ?? null,
        change.issuedAt ?? null,
        change.revealedAt ?? null,
        change.expiresAt ?? null,
        change.deadlineAt ?? null,
        change.endedAt ?? null,
        beside.secret?.tokenDigest ?? null,
        ended,
        (ended ? beside.keptToken : beside.secret?.sealed) ?? null,
        change.confirmAt ?? null,
        [...(change.signals ?? [])],
        beside.addressDigest ?? null,
      ],
    );
    if (count !== 1) throw new LostGuard(`attempt ${attempt.id} is not ${attempt.state} version ${attempt.version}`);
  }

  private async updateSession(
    tx: Transaction,
    session: SessionRow,
    change: SessionChange | null,
    added: number,
    now: Date,
  ) {
    const { count } = await tx.query(
      `update sessions set
         status = coalesce($4, status), reason = case when $9 then $5 else reason end,
         ended_at = coalesce($6, ended_at),
         held_at = case when $4 = 'in-review' then coalesce(held_at, $8) else held_at end, seq = seq + $7, version = version + 1, updated_at = $8
       where id = $1 and status = $2 and version = $3`,
      [
        session.id,
        session.status,
        session.version,
        change?.status ?? null,
        change?.reason ?? null,
        change?.endedAt ?? null,
        added,
        now,
        change?.reason !== undefined,
      ],
    );
    if (count !== 1) throw new LostGuard(`session ${session.id} is not ${session.status} version ${session.version}`);
  }
}

/** Each signal once, in the order in which they were raised; the journal, folded, gives the same. */
const unionOfSignals = (added: string): string =>
  `signals || array(select signal from unnest(${added}::text[]) with ordinality as raised (signal, nth)
     where signal <> all (signals) order by nth)`;

/** Each digest once. */
const withAddress = (added: string): string =>
  `case when ${added}::bytea is null or ${added} = any (ip_digests) then ip_digests else ip_digests || ${added} end`;
