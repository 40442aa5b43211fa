import { Processor } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap } from '@nestjs/common';
import { jobs } from '../queue/jobs.js';
import { QueueWorker, workerOptions } from '../queue/queue-worker.js';
import { SweepSources } from '../queue/sweep-sources.js';
import { ResultsService } from './results.service.js';

@Processor('results', { ...workerOptions, concurrency: 1 })
export class ResultsProcessor extends QueueWorker implements OnApplicationBootstrap {
  constructor(
    @Inject(ResultsService) private readonly results: ResultsService,
    @Inject(SweepSources) private readonly sources: SweepSources,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.sources.add({
      name: 'unapplied webhooks',
      overdue: async (now) => ((await this.results.isOverdue(now)) ? [jobs.applyResults()] : []),
    });
    this.start();
  }

  protected async work(): Promise<void> {
    await this.results.applyAll();
  }
}
