/** The ids that every line of the log carries while a request or a job is being worked on. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface LogFields {
  /** as in the answer's `X-Request-Id`; of a job: the request that asked for the code */
  requestId?: string;
  /** name of the job */
  job?: string;
  jobId?: string;
  sessionId?: string;
  attemptId?: string;
  endpointId?: string;
}

const storage = new AsyncLocalStorage<LogFields>();

/** Runs `work` with these beside those that are there already. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}

/** For what goes on for longer than the request or job that began it. */
export function withoutLogFields<T>(work: () => T): T {
  return storage.exit(work);
}

/** Adds what became known while the work was under way. */
export function addLogFields(fields: LogFields): void {
  const current = storage.getStore();
  if (current) Object.assign(current, fields);
}

export const logFields = (): Readonly<LogFields> => storage.getStore() ?? {};
