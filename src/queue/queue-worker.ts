import { OnWorkerEvent, WorkerHost } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';

import type { Job, WorkerOptions } from 'bullmq';

/**
 * How our workers differ from BullMQ's defaults, which are too slow for people who wait: a job of a process that died
 * is taken over within seconds, and an outage of the backend is retried every second.
 */
export const workerOptions: Omit<WorkerOptions, 'connection'> = {
  autorun: false,
  lockDuration: 6_000,
  stalledInterval: 3_000,
  // A job is a poke, so how often its process died says nothing against it.
  maxStalledCount: 1_000,
  runRetryDelay: 1_000,
};

/** A processor that is started by hand, once the service is ready, and outlasts every outage of its backend. */
export abstract class QueueWorker extends WorkerHost {
  protected readonly logger = new Logger(this.constructor.name);

  start(): void {
    // `run` ends when the worker is closed; what goes wrong on the way comes as `error`.
    void this.worker.run().catch((error: unknown) => this.onError(error as Error));
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.debug(`worker: ${error.message}`);
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job | undefined, error: Error): void {
    this.logger.error(`job ${job?.name ?? '?'} failed: ${error.message}`, error.stack);
  }
}
