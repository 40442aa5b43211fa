import { Processor } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap } from '@nestjs/common';
import { jobs } from '../../queue/jobs.js';
import { QueueWorker, workerOptions } from '../../queue/queue-worker.js';
import { SweepSources } from '../../queue/sweep-sources.js';
import { SealingService } from './sealing.service.js';

@Processor('journal', { ...workerOptions, concurrency: 1 })
export class SealProcessor extends QueueWorker implements OnApplicationBootstrap {
  constructor(
    @Inject(SealingService) private readonly sealing: SealingService,
    @Inject(SweepSources) private readonly sources: SweepSources,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.sources.add({
      name: 'unsealed events',
      overdue: async (now) => ((await this.sealing.isOverdue(now)) ? [jobs.seal()] : []),
    });
    this.start();
  }

  protected work(): Promise<void> {
    return this.sealing.sealAll();
  }
}
