import { Processor } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job } from 'bullmq';
import type { JobData } from '../queue/jobs.js';
import { pausable, QueueWorker, workerOptions } from '../queue/queue-worker.js';
import { IdentificationRequests } from './identification-requests.service.js';
import { CodeIssuer } from './issuing.service.js';
import { DeadlineCheck } from './deadline-check.service.js';
import { PassConfirmation } from './pass-confirmation.service.js';

/** Runs all jobs that call iDenfy. One job makes at most one call. */
@Processor('codes', { ...workerOptions, concurrency: 32, limiter: pausable })
export class CodesProcessor extends QueueWorker implements OnApplicationBootstrap {
  constructor(
    @Inject(CodeIssuer) private readonly issuer: CodeIssuer,
    @Inject(IdentificationRequests) private readonly identifications: IdentificationRequests,
    @Inject(DeadlineCheck) private readonly deadlines: DeadlineCheck,
    @Inject(PassConfirmation) private readonly confirmations: PassConfirmation,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.start();
  }

  /** @returns the id of the attempt when the work on it is over; CodesEvents then notifies the requests that wait */
  protected async work(job: Job): Promise<string | null> {
    const { attemptId } = job.data as JobData['issue-code'];
    switch (job.name) {
      case 'check-eligibility':
        return (await this.issuer.checkEligibility(attemptId)) ? attemptId : null;
      case 'identify':
        return (await this.identifications.request(attemptId)) ? attemptId : null;
      case 'issue-code':
        return (await this.issuer.issue(attemptId)) ? attemptId : null;
      case 'deadline':
        await this.deadlines.run(attemptId);
        return null;
      case 'confirm-pass':
        await this.confirmations.run(attemptId);
        return null;
      default:
        throw new Error(`no handler for job ${job.name}`);
    }
  }
}
