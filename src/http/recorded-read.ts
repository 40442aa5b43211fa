/** What the interceptor of src/audit hands to routes that answer with a file or a stream. Pure. */
import type { AuthenticatedRequest } from './access.guard.js';

/** What was shown. */
export interface RowsRead {
  rows: number;
  /** positions of the first and the last event that was shown; absent if it were not events */
  firstPosition?: number;
  lastPosition?: number;
}

/** Records one read: who reads what is known already. */
export interface ReadRecorder {
  /** Nothing may be sent before it resolves. @throws DatabaseUnavailable: what cannot be recorded is not shown */
  record(rows: RowsRead): Promise<void>;
  /** Adds what the same answer goes on to show. */
  add(rows: RowsRead): void;
}

/** Absent: the read need not be recorded, or its route has taken it over. */
export type RecordedRequest = AuthenticatedRequest & { reading?: ReadRecorder };

/**
 * For a route that sends its answer itself, or knows better what is in it: from here on it must record the read itself.
 * @returns null if the read need not be recorded
 */
export function takeReading(request: RecordedRequest): ReadRecorder | null {
  const reading = request.reading ?? null;
  delete request.reading;
  return reading;
}
