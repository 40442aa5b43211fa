import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { isId } from '../core/ids.js';
import { reachOf } from '../http/principal.js';
import { finalEventTypes } from '../journal/event-types.js';
import type { Interest } from '../journal/journal-feed.js';
import { JournalStore } from '../journal/journal.store.js';
import { userEventTypes } from '../sessions/user-event.js';
import type { StreamPlan } from './event-stream.js';
import { JournalPages } from './journal-pages.js';
import type { StreamRefusal } from './open-streams.js';
import { StreamOpening, type StreamReader } from './stream-opening.js';
import { StreamedSessionsStore } from './streamed-sessions.store.js';

/** Streams over one session: they end when it has ended. */
@Injectable()
export class SessionStreams {
  constructor(
    @Inject(StreamedSessionsStore) private readonly sessions: StreamedSessionsStore,
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JournalPages) private readonly pages: JournalPages,
    @Inject(StreamOpening) private readonly opening: StreamOpening,
  ) {}

  /** @returns nothing-left: the session has ended and the reader has all of it */
  async open(
    sessionId: string,
    after: number,
    reader: StreamReader,
    reply: FastifyReply,
  ): Promise<'opened' | 'not-found' | 'nothing-left' | StreamRefusal> {
    if (!isId('ses', sessionId)) return 'not-found';
    const refusal = this.opening.refusal(reader.principal);
    if (refusal) return refusal;
    const view = reader.principal.kind === 'api-key' ? 'whole' : 'user';
    const interest = {
      reach: reachOf(reader.principal),
      sessionId,
      types: view === 'user' ? userEventTypes : undefined,
    };
    const found = await this.pages.inTurn(() => this.lookUp(interest, after));
    if (typeof found === 'string') return found;
    const plan: StreamPlan = { interest, after, view, endsWithSession: true, ended: found.ended };
    return this.opening.open(plan, reader, reply);
  }

  private async lookUp(
    { reach, sessionId, types }: Interest & { sessionId: string },
    after: number,
  ): Promise<'not-found' | 'nothing-left' | { /** before `after` */ ended: boolean }> {
    const session = await this.sessions.find(sessionId, reach);
    if (!session) return 'not-found';
    if (!session.ended || after === 0) return { ended: false };
    const [final] = await this.journal.read({ reach, sessionId, types: finalEventTypes, after: 0, limit: 1 });
    if (!final || final.position > after) return { ended: false };
    const rest = await this.journal.read({ reach, sessionId, types, after, limit: 1 });
    return rest.length === 0 ? 'nothing-left' : { ended: true };
  }
}
