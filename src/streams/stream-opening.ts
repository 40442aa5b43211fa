import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DatabaseUnavailable } from '../database/database-errors.js';
import type { ReadRecorder } from '../http/recorded-read.js';
import type { Principal } from '../http/scopes.js';
import { type Interest, JournalFeed } from '../journal/journal-feed.js';
import { EventStream, type StreamPlan } from './event-stream.js';
import { EventTexts } from './event-texts.js';
import { JournalPages } from './journal-pages.js';
import { OpenStreams, type StreamRefusal } from './open-streams.js';
import { StreamReads } from './stream-reads.js';
import { StreamMetrics } from './stream-metrics.js';

/** The reader of a stream, and the recorder of their reads; null: their reads need no record. */
export interface StreamReader {
  principal: Principal;
  reading: ReadRecorder | null;
}

/** Opens a stream for who may have one. */
@Injectable()
export class StreamOpening {
  private readonly logger = new Logger(StreamOpening.name);

  constructor(
    @Inject(OpenStreams) private readonly streams: OpenStreams,
    @Inject(JournalPages) private readonly pages: JournalPages,
    @Inject(JournalFeed) private readonly feed: JournalFeed,
    @Inject(EventTexts) private readonly texts: EventTexts,
    @Inject(StreamMetrics) private readonly metrics: StreamMetrics,
  ) {}

  refusal(principal: Principal): StreamRefusal | null {
    return this.streams.refusal(principal);
  }

  /** Over all sessions; it never ends by itself. */
  overEvents(interest: Interest, after: number, reader: StreamReader, reply: FastifyReply): 'opened' | StreamRefusal {
    const plan = { interest, after, view: 'whole' as const, endsWithSession: false, ended: false };
    return this.open(plan, reader, reply);
  }

  open(plan: StreamPlan, { principal, reading }: StreamReader, reply: FastifyReply): 'opened' | StreamRefusal {
    const { pages, feed, texts, metrics } = this;
    const connection = this.streams.connect(reply, principal, plan.endsWithSession ? 'session' : 'events');
    if (typeof connection === 'string') return connection;
    const sent = (count: number) => metrics.sent.inc(count);
    const failed = (error: unknown) => this.log(error);
    void new EventStream(connection, plan, {
      pages,
      feed,
      texts,
      reads: new StreamReads(reading),
      sent,
      failed,
    }).catchUp();
    return 'opened';
  }

  /** A database that is away ends every stream that is behind, and is told of elsewhere. */
  private log(error: unknown): void {
    if (error instanceof DatabaseUnavailable) this.logger.debug(`a stream is ended: ${error.message}`);
    else this.logger.error(`a stream is ended: ${String(error)}`, error instanceof Error ? error.stack : undefined);
  }
}
