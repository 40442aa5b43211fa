import { Processor } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { JobDispatcher } from './job-dispatcher.js';
import { QueueWorker, workerOptions } from './queue-worker.js';
import { SweepSources } from './sweep-sources.js';

const sweepEveryMs = 2000;
const jobsPerSource = 500;

/** Every two seconds, in one process of all: re-derives from the rows every job that should have run and did not. */
@Processor('upkeep', { ...workerOptions, concurrency: 1 })
export class SweepProcessor extends QueueWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  private keepScheduled: NodeJS.Timeout | undefined;

  constructor(
    @Inject(SweepSources) private readonly sources: SweepSources,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.start();
    void this.schedule();
    // The schedule lives in the queue's store and goes with it (FLUSHALL), so it is put back as long as we live.
    this.keepScheduled = setInterval(() => void this.schedule(), sweepEveryMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.keepScheduled);
  }

  async process(): Promise<void> {
    for (const source of this.sources.all) {
      try {
        const overdue = await source.overdue(this.clock.now(), jobsPerSource);
        if (overdue.length > 0) this.logger.debug(`sweep: ${overdue.length} overdue in ${source.name}`);
        // Under a name of its own: the job it stands in for may be held by a process that died a moment ago.
        await Promise.all(overdue.map((spec) => this.dispatcher.add({ ...spec, once: `${spec.once}.sweep` })));
      } catch (error) {
        this.logger.warn(`sweep of ${source.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  private async schedule(): Promise<void> {
    const queue = this.dispatcher.queue('upkeep');
    try {
      if (await queue.getJobScheduler('sweep')) return;
      await queue.upsertJobScheduler(
        'sweep',
        { every: sweepEveryMs },
        { name: 'sweep', opts: { removeOnComplete: true, removeOnFail: { count: 10 } } },
      );
    } catch (error) {
      this.logger.debug(`the sweep is not scheduled yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
