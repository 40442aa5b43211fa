import { OnWorkerEvent, WorkerHost } from '@nestjs/bullmq';
import { Logger } from '@nestjs/common';

import type { Job, WorkerOptions } from 'bullmq';
import { type LogFields, withLogFields } from '../core/log-context.js';
import { isOutage } from '../database/database-errors.js';

/**
 * How our workers differ from BullMQ's defaults, which are too slow for people who wait: a job of a process that died
 * is taken over within seconds, and an outage of the backend is retried every second.
 */
export const workerOptions: Omit<WorkerOptions, 'connection'> = {
  autorun: false,
  lockDuration: 6_000,
  stalledInterval: 3_000,
  // A job only says that rows are due, so it is not at fault if its process died often.
  maxStalledCount: 1_000,
  runRetryDelay: 1_000,
};

/**
 * Lets JobDispatcher.pauseFor pause the queue: BullMQ checks for a pause only in workers that have a limiter. This
 * limiter never limits by itself, because its maximum is above every count in the queue's store. Earlier versions kept
 * the hourly budget there and may have left a count. The maximum is also the largest integer that the PostgreSQL
 * backend accepts.
 */
export const pausable: WorkerOptions['limiter'] = { max: 2_147_483_647, duration: 1000 };

/** A processor that we start when the service is ready, and that survives every outage of its backend. */
export abstract class QueueWorker extends WorkerHost {
  protected readonly logger = new Logger(this.constructor.name);

  start(): void {
    // `run` ends when the worker is closed. Errors before that arrive as `error`.
    void this.worker.run().catch((error: unknown) => this.onError(error as Error));
  }

  /** Every log line of the work has the job's name and ids. */
  process(job: Job): Promise<unknown> {
    return withLogFields(fieldsOf(job), () => this.work(job));
  }

  protected abstract work(job: Job): Promise<unknown>;

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.debug(`worker: ${error.message}`);
  }

  @OnWorkerEvent('failed')
  onFailed(job: Job | undefined, error: Error): void {
    withLogFields(job ? fieldsOf(job) : {}, () => {
      const line = `job ${job?.name ?? '?'} failed: ${error.message}`;
      // An outage is not logged for each job: http/readiness.ts logs one line when the database goes away.
      if (isOutage(error)) this.logger.debug(line);
      else this.logger.error(line, error.stack);
    });
  }
}

/** A job holds ids only. Which ones depends on its name. */
function fieldsOf({ name, id, data }: Job): LogFields {
  const { requestId, attemptId, endpointId } = data as LogFields;
  return {
    ...(requestId === undefined ? {} : { requestId }),
    job: name,
    ...(id === undefined ? {} : { jobId: id }),
    ...(attemptId === undefined ? {} : { attemptId }),
    ...(endpointId === undefined ? {} : { endpointId }),
  };
}
