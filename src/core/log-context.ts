/** The ids in every log line of a request or job. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface LogFields {
  /** the answer's `X-Request-Id`; in a job, that of the request that asked for the code */
  requestId?: string;
  /** name of the job */
  job?: string;
  jobId?: string;
  sessionId?: string;
  attemptId?: string;
  endpointId?: string;
}

const storage = new AsyncLocalStorage<LogFields>();

/** Runs `work` with these fields added to the current ones. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}

/** For work that outlives the request or job that started it. */
export function withoutLogFields<T>(work: () => T): T {
  return storage.exit(work);
}

/** Adds fields that become known during the work. */
export function addLogFields(fields: LogFields): void {
  const current = storage.getStore();
  if (current) Object.assign(current, fields);
}

export const logFields = (): Readonly<LogFields> => storage.getStore() ?? {};
