import { Processor } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Inject, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job } from 'bullmq';
import { JournalTail } from '../journal/journal-tail.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { type JobData, jobs } from '../queue/jobs.js';
import { QueueWorker, workerOptions } from '../queue/queue-worker.js';
import { DeliveryPump } from './delivery-pump.service.js';
import { FanOut } from './fan-out.service.js';

/** Pumps wait for answers: as many endpoints may hang before others have to wait for a place. */
const concurrency = 256;

@Processor('deliveries', { ...workerOptions, concurrency })
export class DeliveriesProcessor extends QueueWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private watching: { stop: () => void } | undefined;

  constructor(
    @Inject(FanOut) private readonly fanOut: FanOut,
    @Inject(DeliveryPump) private readonly pump: DeliveryPump,
    @Inject(JournalTail) private readonly tail: JournalTail,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.start();
    this.watching = this.tail.watch(() => void this.dispatcher.add(jobs.fanOut()));
  }

  beforeApplicationShutdown(): void {
    this.watching?.stop();
  }

  protected async work(job: Job): Promise<void> {
    switch (job.name) {
      case 'fan-out':
        return this.fanOut.run();
      case 'deliver':
        return this.pump.run((job.data as JobData['deliver']).endpointId);
      default:
        throw new Error(`no such job: ${job.name}`);
    }
  }
}
