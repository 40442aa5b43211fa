import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { logFields } from '../core/log-context.js';
import type { Transaction } from '../database/database.js';
import type { QueueBackend } from './backend.js';
import { type JobSpec, type QueueName, queueNames, queueOf, requestedJobs } from './jobs.js';
import { QUEUE_BACKEND } from './queue-backend.token.js';

/** If a queue does not accept a job within this time, we give up: the sweeper will find what is due. */
const addTimeoutMs = 1000;

/** Adds jobs. Callers never see a failure: the row is stored, and the sweeper makes the job from it again. */
@Injectable()
export class JobDispatcher {
  private readonly logger = new Logger(JobDispatcher.name);
  private readonly queues: Record<QueueName, Queue>;

  constructor(
    @InjectQueue('codes') codes: Queue,
    @InjectQueue('results') results: Queue,
    @InjectQueue('journal') journal: Queue,
    @InjectQueue('deliveries') deliveries: Queue,
    @InjectQueue('upkeep') upkeep: Queue,
    @Inject(QUEUE_BACKEND) private readonly backend: QueueBackend,
  ) {
    this.queues = { codes, results, journal, deliveries, upkeep };
    for (const name of queueNames) this.queues[name].on('error', () => undefined);
  }

  queue(name: QueueName): Queue {
    return this.queues[name];
  }

  /** Adds the job after the commit. */
  afterCommit(tx: Transaction, spec: JobSpec): void {
    tx.afterCommit(() => void this.add(spec));
  }

  async add(spec: JobSpec): Promise<void> {
    if (!this.backend.reachable()) return;
    const adding = this.queues[queueOf[spec.name]].add(spec.name, traced(spec), {
      deduplication: { id: spec.once, keepLastIfActive: true },
      ...(spec.delayMs ? { delay: spec.delayMs } : {}),
      ...(spec.priority ? { priority: spec.priority } : {}),
      removeOnComplete: { age: 300, count: 1000 },
      removeOnFail: { age: 86_400, count: 1000 },
    });
    try {
      await within(addTimeoutMs, adding);
    } catch (error) {
      const line = `job ${spec.name} was not queued, the sweeper will do it: ${describe(error)}`;
      // If Redis is away, http/readiness.ts logs that once.
      if (this.backend.reachable()) this.logger.warn(line);
      else this.logger.debug(line);
    }
  }

  /** Takes a waiting or delayed job back; what is not there is fine. */
  async withdraw(spec: JobSpec): Promise<void> {
    if (!this.backend.reachable()) return;
    const queue = this.queues[queueOf[spec.name]];
    try {
      const id = await within(addTimeoutMs, queue.getDeduplicationJobId(spec.once));
      if (id) await within(addTimeoutMs, queue.remove(id));
    } catch (error) {
      this.logger.debug(`job ${spec.name} was not withdrawn: ${describe(error)}`);
    }
  }

  /** Whether the queues can be asked for anything now. */
  get reachable(): boolean {
    return this.backend.reachable();
  }

  /** Pauses a queue in all processes. Its workers need `pausable` (queue-worker.ts). */
  async pauseFor(name: QueueName, milliseconds: number): Promise<void> {
    await within(addTimeoutMs, this.queues[name].rateLimit(milliseconds)).catch((error: unknown) =>
      this.logger.warn(`queue ${name} could not be held back: ${describe(error)}`),
    );
  }
}

/** Adds the request's id to jobs that a request waits for, so that the log of the worker has it too. */
function traced({ name, data }: JobSpec): object {
  const { requestId } = logFields();
  return requestId !== undefined && requestedJobs.includes(name) ? { ...data, requestId } : data;
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
