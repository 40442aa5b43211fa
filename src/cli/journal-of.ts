/** The journal's services on an open database, for commands: the same classes as in the service, without Nest. */
import { SystemClock } from '../core/clock.js';
import { Sealer } from '../core/sealing.js';
import type { Database } from '../database/database.js';
import { EventMac } from '../journal/event-mac.js';
import { ExportStore } from '../journal/export/export.store.js';
import { JournalExport } from '../journal/export/export.service.js';
import { JournalAcceptance } from '../journal/tree/acceptance.service.js';
import { JournalBeginning } from '../journal/tree/journal-beginning.service.js';
import { JournalGuard } from '../journal/tree/journal-guard.service.js';
import { journalKey } from '../journal/tree/journal-key.js';
import { JournalProofs } from '../journal/tree/journal-proofs.service.js';
import { JournalStateStore } from '../journal/tree/journal-state.store.js';
import { JournalStore } from '../journal/journal.store.js';
import { JournalSurvey } from '../journal/tree/journal-survey.service.js';
import { KnownCheckpoints } from '../journal/tree/known-checkpoints.js';
import { OutsideCheckpoints } from '../journal/tree/outside-checkpoints.js';
import { PersonalKeys } from '../journal/personal-keys.js';
import { SealingService } from '../journal/tree/sealing.service.js';
import { SealingStore } from '../journal/tree/sealing.store.js';
import { TreeWriter } from '../journal/tree/tree-writer.service.js';
import type { OpenedSettings } from './with-database.js';
import { TreeStore } from '../journal/tree/tree.store.js';
import { JournalVerification } from '../journal/tree/verification.service.js';

export interface Journal {
  store: JournalStore;
  beginning: JournalBeginning;
  sealing: SealingService;
  proofs: JournalProofs;
  export: JournalExport;
  verification: JournalVerification;
  acceptance: JournalAcceptance;
  outside: OutsideCheckpoints;
  guard: JournalGuard;
}

export function journalOf(database: Database, settings: OpenedSettings<'encryption' | 'journal'>): Journal {
  const [signer, clock] = [journalKey(settings), new SystemClock()];
  const macs = new EventMac(signer.privateKey);
  const [events, tree, state] = [new SealingStore(database), new TreeStore(database), new JournalStateStore(database)];
  const outside = new OutsideCheckpoints(settings, signer);
  const guard = new JournalGuard(state, tree, outside, macs, clock);
  const writer = new TreeWriter(tree, signer, clock);
  const sealing = new SealingService(database, events, guard, writer, macs);
  const proofs = new JournalProofs(events, sealing, tree, signer);
  const store = new JournalStore(database, new PersonalKeys(new Sealer(settings.keys.encryption)), macs);
  const survey = new JournalSurvey(database, events, tree, new KnownCheckpoints(tree, outside), macs);
  return {
    store,
    beginning: new JournalBeginning(sealing, events, state, guard, macs),
    sealing,
    proofs,
    export: new JournalExport(store, proofs, new ExportStore(database)),
    verification: new JournalVerification(survey),
    acceptance: new JournalAcceptance(survey, sealing, writer, guard, store),
    outside,
    guard,
  };
}
