import { type DynamicModule, Module } from '@nestjs/common';
import { EventTexts } from './event-texts.js';
import { JournalPages } from './journal-pages.js';
import { OpenStreams } from './open-streams.js';
import { SessionStreams } from './session-streams.service.js';
import { StreamMetrics } from './stream-metrics.js';
import { StreamOpening } from './stream-opening.js';
import { StreamLimits } from './stream-limits.js';
import { StreamedSessionsStore } from './streamed-sessions.store.js';
import { StreamsController } from './streams.controller.js';

/** Server-sent events: the journal as it grows, for who keeps a connection open. Streams read it and write nothing. */
@Module({})
export class StreamsModule {
  static withImports(imports: NonNullable<DynamicModule['imports']>): DynamicModule {
    return {
      module: StreamsModule,
      imports,
      controllers: [StreamsController],
      providers: [
        EventTexts,
        JournalPages,
        OpenStreams,
        SessionStreams,
        StreamMetrics,
        StreamOpening,
        StreamLimits,
        StreamedSessionsStore,
      ],
    };
  }
}
