import type { FinalStatus } from '../idenfy/contract.js';

/** How an attempt came out, and who said so. */
export interface Outcome {
  status: FinalStatus;
  /** iDenfy's reason (an open list), null when it gave none */
  failReason: string | null;
  /** `deadline`: nobody said anything until the code was long over */
  source: 'webhook' | 'session-api' | 'deadline';
  /** ISO 8601, when we learned it */
  at: string;
}

/** After which outcomes a new code is issued by itself; the names of the API's `retryOn`. */
export const retryCauses = ['failed', 'expired', 'canceled'] as const;
/** Nobody watches a code that expired or was canceled, and each new code costs credits. */
export const defaultRetryCauses: readonly RetryCause[] = ['failed'];
export type RetryCause = (typeof retryCauses)[number];

export const retryCauseOf = {
  FAILED: 'failed',
  EXPIRED: 'expired',
  CANCELED: 'canceled',
} as const satisfies Record<Exclude<FinalStatus, 'SUCCESS'>, RetryCause>;
