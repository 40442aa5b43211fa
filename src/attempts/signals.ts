/** Signals on an attempt: which a result raises, and the events that tell of them. Pure, like ./attempt.ts. */
import type { Signal } from '../config/read-signals.js';
import type { NewEvent } from '../journal/journal-event.js';
import type { Raised } from '../risk/facts.js';
import { judgeResult } from '../risk/rules.js';
import type { AttemptFacts, Moment, ResultInput, SessionFacts } from './decision.js';

export interface Flags {
  signals: readonly Signal[];
  /** `risk.flagged`, one for each */
  events: NewEvent[];
}

/** A signal is raised once on an attempt: what it has already is not told again. */
export function flag(attempt: Pick<AttemptFacts, 'id' | 'number' | 'signals'>, raised: readonly Raised[]): Flags {
  const fresh = raised.filter(({ signal }) => !attempt.signals.includes(signal));
  return { signals: fresh.map(({ signal }) => signal), events: fresh.map((one) => flagged(attempt, one)) };
}

function flagged(attempt: Pick<AttemptFacts, 'id' | 'number'>, { signal, shown, personal }: Raised): NewEvent {
  const data = { signal, number: attempt.number, ...shown };
  return { type: 'risk.flagged', attemptId: attempt.id, data, ...(personal ? { personal } : {}) };
}

/** What a result raises by itself, whether or not it counts. */
export function judge(
  session: Pick<SessionFacts, 'channels'>,
  attempt: Pick<AttemptFacts, 'revealedAt'>,
  { outcome, selfie }: ResultInput,
  { now, initiatorIp, signals }: Pick<Moment, 'now' | 'initiatorIp' | 'signals'>,
): Raised[] {
  return judgeResult({
    status: outcome.status,
    failReason: outcome.failReason,
    riskTags: selfie?.riskTags ?? [],
    initiatorIp,
    selfieIp: selfie?.ip ?? null,
    revealedAt: attempt.revealedAt,
    receivedAt: selfie?.receivedAt ?? now,
    isTyped: session.channels.every((channel) => channel === 'code'),
    tooFastSeconds: signals.tooFastSeconds,
  });
}
