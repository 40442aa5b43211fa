import type { IdentificationWishes } from './identification-wishes.js';
import type { Identifications } from './identifications.js';
import type { RequestRecorder } from './request-recorder.js';
import type { Sessions } from './sessions.js';
import type { Timers } from './timers.js';
import type { Verdicts } from './verdicts.js';

/** What the routes of iDenfy's endpoints work with. */
export interface ProviderParts {
  readonly sessions: Sessions;
  readonly identifications: Identifications;
  readonly identificationWishes: IdentificationWishes;
  readonly verdicts: Verdicts;
  readonly timers: Timers;
  readonly recorder: RequestRecorder;
}
