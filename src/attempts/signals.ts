import type { NewEvent } from '../journal/journal-event.js';
import type { AttemptFacts, Signal } from './decision.js';

/** The event that raises a signal on an attempt. */
export function flagged(signal: Signal, attempt: Pick<AttemptFacts, 'id' | 'number'>): NewEvent {
  return { type: 'risk.flagged', attemptId: attempt.id, data: { signal, number: attempt.number } };
}
