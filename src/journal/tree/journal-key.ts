import { noteSigner, type NoteSigner } from './signed-note.js';

/** Injection token of the NoteSigner that signs checkpoints; its name is the journal's origin. */
export const JOURNAL_KEY = Symbol('NoteSigner of the journal');

export const journalKey = ({ journalOrigin, keys }: { journalOrigin: string; keys: { journal: string } }): NoteSigner =>
  noteSigner(journalOrigin, keys.journal);
