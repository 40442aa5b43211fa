/** What the rules of ./rules.ts may look at. Everything is handed in; null is "nobody has told". */
import type { Json } from '../core/canonical-json.js';
import type { Signal } from '../config/read-signals.js';

/** When a result comes for an attempt. */
export interface ResultFacts {
  status: 'SUCCESS' | 'FAILED' | 'CANCELED' | 'EXPIRED';
  /** iDenfy's, an open list */
  failReason: string | null;
  riskTags: readonly string[];
  /** of who asked for the session on the platform, as the platform told it */
  initiatorIp: string | null;
  /** of who took the selfie, as iDenfy told it */
  selfieIp: string | null;
  /** when the code was first handed out; null: never */
  revealedAt: Date | null;
  /** when iDenfy's word reached us */
  receivedAt: Date;
  /** whether digits are the only way into the session: an address or a token is opened without typing */
  isTyped: boolean;
  /** SIGNAL_TOO_FAST_SECONDS; 0: the rule is off */
  tooFastSeconds: number;
}

/** When a session is created. Counts include it, and stop at one more than the limit. */
export interface CreationFacts {
  sessionsOfScanRef: number;
  /** null: the platform did not tell who had asked */
  sessionsOfInitiator: number | null;
  /** SIGNAL_VELOCITY_SESSIONS; 0: the rule is off */
  velocitySessions: number;
  velocityWindowSeconds: number;
}

type Shown = { readonly [name: string]: Json };

/** A signal, and the facts it was raised on. */
export interface Raised {
  signal: Signal;
  /** for everybody who may read the journal: never an address */
  shown: Shown;
  /** addresses */
  personal?: Shown;
}
