import type { Actor } from '../core/actor.js';
import type { Transaction } from '../database/database.js';
import type { NewEvent } from '../journal/journal-event.js';

export const SUBJECT_JOURNAL = Symbol('the journal, for events that belong to no session');

/** What this folder needs of the journal, which stands beside it: the module is given one. */
export interface SubjectJournal {
  appendLoose(
    tx: Transaction,
    added: readonly NewEvent[],
    at: Date,
    actor: Actor,
    platform: string | null,
  ): Promise<void>;
}
