/** The platform's side: sessions are created, read, listed; everything that moves them is asked of the attempts. */
import { Inject, Injectable } from '@nestjs/common';
import type { RevealedCode } from '../attempts/attempt-secret.js';
import { AttemptsStore } from '../attempts/attempts.store.js';
import { IdentificationsStore } from '../attempts/identifications.store.js';
import type { SessionWithAttempts } from '../attempts/rows.js';
import { isId } from '../core/ids.js';
import type { Reach } from '../core/reach.js';
import { decodePageEnd, encodePageEnd } from '../http/cursor.js';
import { instantOf } from '../http/instant.js';
import { type PersonalFields, SessionPersonal } from './session-personal.js';
import { type SessionView, sessionView } from './session-view.js';
import type { ListSessionsDto } from './session.dto.js';
import { SessionsStore } from './sessions.store.js';

export interface SessionPage {
  data: SessionView[];
  nextCursor: string | null;
}

@Injectable()
export class SessionsService {
  constructor(
    @Inject(AttemptsStore) private readonly attempts: AttemptsStore,
    @Inject(SessionsStore) private readonly store: SessionsStore,
    @Inject(SessionPersonal) private readonly personal: SessionPersonal,
    @Inject(IdentificationsStore) private readonly identifications: IdentificationsStore,
  ) {}

  /** Includes the address of an identification, which is as secret as a code. `sessionFor` leaves it out if necessary. */
  async find(sessionId: string, reach: Reach): Promise<SessionView | null> {
    const found = await this.findRows(sessionId, reach);
    return found && this.viewWithIdentification(found);
  }

  async findRows(sessionId: string, reach: Reach): Promise<SessionWithAttempts | null> {
    return isId('ses', sessionId) ? this.attempts.find(sessionId, reach) : null;
  }

  async list(query: ListSessionsDto, reach: Reach): Promise<SessionPage> {
    const { limit } = query;
    const found = await this.store.list({
      reach,
      limit: limit + 1,
      status: query.status,
      scanRef: query.scanRef,
      referenceDigests: query.reference === undefined ? undefined : this.personal.referenceDigests(query.reference),
      createdAfter: instantOf(query.createdAfter),
      createdBefore: instantOf(query.createdBefore),
      before: query.cursor === undefined ? undefined : decodePageEnd(query.cursor, (text) => isId('ses', text)),
    });
    const page = found.slice(0, limit);
    const last = page.at(-1)?.session;
    return {
      data: page.map((session) => sessionView(session, this.personalOf(session))),
      nextCursor: found.length > limit && last ? encodePageEnd({ at: last.createdAt, id: last.id }) : null,
    };
  }

  /** Includes nothing secret. */
  view(found: SessionWithAttempts): SessionView {
    return sessionView(found, this.personalOf(found));
  }

  /** For the platform, which sends the user to the identification. */
  viewWithIdentification(found: SessionWithAttempts, revealed?: { secret: RevealedCode }): SessionView {
    return sessionView(found, this.personalOf(found), revealed?.secret, this.identifications.open(found.session));
  }

  private personalOf(found: SessionWithAttempts): PersonalFields {
    return this.personal.open(found);
  }
}
