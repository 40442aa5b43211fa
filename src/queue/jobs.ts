/**
 * The catalogue of jobs. A job carries ids only and means "see what is due for this row". So a lost job loses nothing
 * (the sweeper makes it again), and a job that runs twice changes nothing (the row refuses).
 */
export const queueNames = ['codes', 'results', 'journal', 'deliveries', 'upkeep'] as const;
export type QueueName = (typeof queueNames)[number];

/** The data of each job. `queueOf` has its queue. */
export interface JobData {
  /** asks iDenfy whether the session's scanRef may authenticate; one provider call */
  'check-eligibility': { attemptId: string };
  /** asks iDenfy for an identification instead of a code; one provider call */
  identify: { attemptId: string };
  /** asks iDenfy for a session and a code for a `requested` attempt; one provider call */
  'issue-code': { attemptId: string };
  /** asks iDenfy for the verdict of a code whose webhook did not come or had no token; one provider call */
  deadline: { attemptId: string };
  /** asks iDenfy to confirm a pass that a webhook reported; one provider call */
  'confirm-pass': { attemptId: string };
  /** applies received webhooks, in batches */
  'apply-results': Record<string, never>;
  /** gives unsealed events their positions */
  seal: Record<string, never>;
  /** writes a delivery for each event of the journal and each endpoint that wants it */
  'fan-out': Record<string, never>;
  /** sends what is due for one endpoint */
  deliver: { endpointId: string };
  /** re-derives every overdue job from the rows */
  sweep: Record<string, never>;
  /** deletes data whose retention time is over */
  retention: Record<string, never>;
}
export type JobName = keyof JobData;

export const queueOf = {
  'check-eligibility': 'codes',
  identify: 'codes',
  'issue-code': 'codes',
  deadline: 'codes',
  'confirm-pass': 'codes',
  'apply-results': 'results',
  seal: 'journal',
  'fan-out': 'deliveries',
  deliver: 'deliveries',
  sweep: 'upkeep',
  retention: 'upkeep',
} as const satisfies Record<JobName, QueueName>;

/** The jobs that a request for a code waits for. */
export const requestedJobs: readonly JobName[] = ['check-eligibility', 'identify', 'issue-code'];

/** A job to add. */
export interface JobSpec<Name extends JobName = JobName> {
  name: Name;
  data: JobData[Name];
  /**
   * While a job with this id waits or is delayed, another is not added; one that came while it was active runs once
   * more after it, because the active one may have looked before the change was there.
   */
  once: string;
  delayMs?: number;
  /** Higher comes later; none comes first. */
  priority?: number;
}

/** @param tries how often it was tried before: a further try is another job, never the old one moved. */
const issuing =
  (name: 'check-eligibility' | 'identify' | 'issue-code') =>
  (attemptId: string, tries: number, delayMs = 0) => ({
    name,
    data: { attemptId },
    once: `${name}.${attemptId}.${tries}`,
    delayMs,
  });

export const jobs = {
  checkEligibility: issuing('check-eligibility'),
  identify: issuing('identify'),
  issueCode: issuing('issue-code'),
  /** Issuing goes before clearing up: someone waits for a code. */
  deadline: (attemptId: string, delayMs = 0): JobSpec<'deadline'> => ({
    name: 'deadline',
    data: { attemptId },
    once: `deadline.${attemptId}`,
    delayMs,
    priority: 10,
  }),
  confirmPass: (attemptId: string, tries: number, delayMs = 0): JobSpec<'confirm-pass'> => ({
    name: 'confirm-pass',
    data: { attemptId },
    once: `confirm-pass.${attemptId}.${tries}`,
    delayMs,
    priority: 5,
  }),
  /**
   * Does the work of `deadline` before or after the deadline. Its ids differ from the id of the deadline's own job,
   * which may still be waiting in the queue.
   */
  check: (attemptId: string, delayMs = 0): JobSpec<'deadline'> => ({
    name: 'deadline',
    data: { attemptId },
    once: `deadline.${attemptId}.${delayMs > 0 ? 'soon' : 'now'}`,
    delayMs,
    priority: 5,
  }),
  applyResults: (): JobSpec<'apply-results'> => ({ name: 'apply-results', data: {}, once: 'apply-results' }),
  seal: (): JobSpec<'seal'> => ({ name: 'seal', data: {}, once: 'seal' }),
  fanOut: (): JobSpec<'fan-out'> => ({ name: 'fan-out', data: {}, once: 'fan-out' }),
  deliver: (endpointId: string): JobSpec<'deliver'> => ({
    name: 'deliver',
    data: { endpointId },
    once: `deliver.${endpointId}`,
  }),
  /**
   * @param at when something of the endpoint is next due: each such moment has a job of its own, so that a later one
   *   hides no earlier one
   */
  deliverAt: (endpointId: string, at: Date, now: Date): JobSpec<'deliver'> => ({
    name: 'deliver',
    data: { endpointId },
    once: `deliver.${endpointId}.${at.getTime()}`,
    delayMs: Math.max(0, at.getTime() - now.getTime()),
  }),
};
