import { Processor } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Job } from 'bullmq';
import { Clock } from '../core/clock.js';
import { isOutage } from '../database/database-errors.js';
import { JobDispatcher } from './job-dispatcher.js';
import { QueueWorker, workerOptions } from './queue-worker.js';
import { RetentionTasks } from './retention-tasks.js';
import { SweepSources } from './sweep-sources.js';

/** How often each job of the queue comes, in one process of all. */
const everyMs = { sweep: 2000, retention: 600_000 } as const;
const jobsPerSource = 500;
const rowsPerTask = 500;
/** More than that is for the next time: the sweep waits in the same queue. */
const roundsMost = 20;

/** Re-derives from the rows every job that should have run and did not, and forgets what is over. */
@Processor('upkeep', { ...workerOptions, concurrency: 1 })
export class UpkeepProcessor extends QueueWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  private keepScheduled: NodeJS.Timeout | undefined;

  constructor(
    @Inject(SweepSources) private readonly sources: SweepSources,
    @Inject(RetentionTasks) private readonly retention: RetentionTasks,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.start();
    void this.schedule();
    // The schedule lives in the queue's store and goes with it (FLUSHALL), so it is put back as long as we live.
    this.keepScheduled = setInterval(() => void this.schedule(), everyMs.sweep).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.keepScheduled);
  }

  protected async work(job: Job): Promise<void> {
    switch (job.name) {
      case 'sweep':
        return this.sweep();
      case 'retention':
        return this.forget();
      default:
        throw new Error(`no handler for job ${job.name}`);
    }
  }

  private async sweep(): Promise<void> {
    for (const source of this.sources.all) {
      await this.sparing(`sweep of ${source.name}`, async () => {
        const overdue = await source.overdue(this.clock.now(), jobsPerSource);
        if (overdue.length > 0) this.logger.debug(`sweep: ${overdue.length} overdue in ${source.name}`);
        // Under a name of its own: the job it stands in for may be held by a process that died a moment ago.
        await Promise.all(overdue.map((spec) => this.dispatcher.add({ ...spec, once: `${spec.once}.sweep` })));
      });
    }
  }

  private async forget(): Promise<void> {
    for (const task of this.retention.all) {
      await this.sparing(`retention of ${task.name}`, async () => {
        for (let round = 0; round < roundsMost; round += 1) {
          if ((await task.run(this.clock.now(), rowsPerTask)) < rowsPerTask) return;
        }
      });
    }
  }

  /** One that fails must not keep the others from their turn. */
  private async sparing(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const line = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      if (isOutage(error)) this.logger.debug(line);
      else this.logger.warn(line);
    }
  }

  private async schedule(): Promise<void> {
    const queue = this.dispatcher.queue('upkeep');
    try {
      for (const [name, every] of Object.entries(everyMs)) {
        if (await queue.getJobScheduler(name)) continue;
        await queue.upsertJobScheduler(
          name,
          { every },
          { name, opts: { removeOnComplete: true, removeOnFail: { count: 10 } } },
        );
      }
    } catch (error) {
      this.logger.debug(`upkeep is not scheduled yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
