/** The journal's services on an open database, for commands: the same classes as in the service, without Nest. */
import { SystemClock } from '../core/clock.js';
import { Sealer } from '../core/sealing.js';
import type { Database } from '../database/database.js';
import { ExportStore } from '../journal/export/export.store.js';
import { JournalExport } from '../journal/export/export.service.js';
import { journalKey } from '../journal/tree/journal-key.js';
import { JournalProofs } from '../journal/tree/journal-proofs.service.js';
import { JournalStore } from '../journal/journal.store.js';
import { PersonalKeys } from '../journal/personal-keys.js';
import { SealingService } from '../journal/tree/sealing.service.js';
import { SealingStore } from '../journal/tree/sealing.store.js';
import type { OpenedSettings } from './with-database.js';
import { TreeStore } from '../journal/tree/tree.store.js';
import { JournalVerification } from '../journal/tree/verification.service.js';

export interface Journal {
  events: JournalStore;
  sealing: SealingService;
  proofs: JournalProofs;
  export: JournalExport;
  verification: JournalVerification;
}

export function journalOf(database: Database, settings: OpenedSettings<'encryption' | 'journal'>): Journal {
  const signer = journalKey(settings);
  const [events, tree] = [new SealingStore(database), new TreeStore(database)];
  const sealing = new SealingService(database, events, tree, signer, new SystemClock());
  const proofs = new JournalProofs(events, sealing, tree, signer);
  const store = new JournalStore(database, new PersonalKeys(new Sealer(settings.keys.encryption)));
  return {
    events: store,
    sealing,
    proofs,
    export: new JournalExport(store, proofs, new ExportStore(database)),
    verification: new JournalVerification(events, tree, proofs, signer),
  };
}
