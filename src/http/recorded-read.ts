/** How routes that answer with a file or a stream record their reads. The interceptor of src/audit provides it. Pure. */
import type { AuthenticatedRequest } from './access.guard.js';

/** What was shown. */
export interface RowsRead {
  rows: number;
  /** positions of the first and the last event that was shown; absent if no events were shown */
  firstPosition?: number;
  lastPosition?: number;
}

/** Records the read of one request. */
export interface ReadRecorder {
  /** Send nothing before it resolves. @throws DatabaseUnavailable: a read that cannot be recorded must not be answered */
  record(rows: RowsRead): Promise<void>;
  /** Adds what the same answer shows later. */
  add(rows: RowsRead): void;
}

/** Absent: the read need not be recorded, or its route has taken it over. */
export type RecordedRequest = AuthenticatedRequest & { reading?: ReadRecorder };

/**
 * For a route that sends its answer itself, or knows better what is in it. The route must then record the read itself.
 * @returns null if the read need not be recorded
 */
export function takeReading(request: RecordedRequest): ReadRecorder | null {
  const reading = request.reading ?? null;
  delete request.reading;
  return reading;
}
