import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { QueueBackend } from './backend.js';
import { CodesEvents } from './codes-events.js';
import { JobDispatcher } from './job-dispatcher.js';
import { queueNames } from './jobs.js';
import { QUEUE_BACKEND } from './queue-backend.token.js';
import { RetentionTasks } from './retention-tasks.js';
import { SweepSources } from './sweep-sources.js';
import { UpkeepProcessor } from './upkeep.processor.js';

/** In a Redis Cluster the keys of one queue must share a slot: the braces make it so. */
const prefix = '{facecode}';

/** The queues, and the way into them. With `worker`, also the sweeper. Whoever opened the backend closes it. */
@Global()
@Module({})
export class QueueModule {
  static forRoot(backend: QueueBackend, worker: boolean): DynamicModule {
    return {
      module: QueueModule,
      imports: [
        BullModule.forRoot({ connection: backend.connection, prefix, skipWaitingForReady: true }),
        ...queueNames.map((name) => BullModule.registerQueue({ name })),
      ],
      providers: [
        { provide: QUEUE_BACKEND, useValue: backend },
        { provide: CodesEvents, useFactory: () => new CodesEvents(backend.connection, prefix) },
        JobDispatcher,
        SweepSources,
        RetentionTasks,
        ...(worker ? [UpkeepProcessor] : []),
      ],
      exports: [QUEUE_BACKEND, CodesEvents, JobDispatcher, SweepSources, RetentionTasks, BullModule],
    };
  }
}
