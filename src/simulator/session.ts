import type { FinalStatus } from '../idenfy/contract.js';
import type { Wish } from './sentinels.js';

/** iDenfy's session, and what the simulator is to do with it. */
export interface Session {
  readonly id: string;
  readonly token: string;
  readonly digitString: string | null;
  readonly scanRef: string;
  readonly type: string;
  readonly method: string;
  readonly createdAt: string;
  readonly lifetimeSeconds: number;
  readonly wish: Wish | null;
  state: 'OPEN' | FinalStatus;
  /** as the session API tells it */
  approved: boolean | null;
  facePhoto: string | null;
}
