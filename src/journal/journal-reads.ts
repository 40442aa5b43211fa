/**
 * Reads the journal for auditors: exports, proofs, verification, the events of an evidence file. These queries use the few
 * connections for reads, so that requests that write, and received webhooks, do not wait for them.
 */
import type { Provider } from '@nestjs/common';
import { ReadDatabase } from '../database/read-database.js';
import { JournalExport } from './export/export.service.js';
import { ExportStore } from './export/export.store.js';
import { EventMac } from './event-mac.js';
import { JournalStore } from './journal.store.js';
import { PersonalKeys } from './personal-keys.js';
import { JOURNAL_KEY } from './tree/journal-key.js';
import { JournalProofs } from './tree/journal-proofs.service.js';
import { JournalSurvey } from './tree/journal-survey.service.js';
import { KnownCheckpoints } from './tree/known-checkpoints.js';
import { OutsideCheckpoints } from './tree/outside-checkpoints.js';
import { SealingService } from './tree/sealing.service.js';
import { SealingStore } from './tree/sealing.store.js';
import type { NoteSigner } from './tree/signed-note.js';
import { TreeStore } from './tree/tree.store.js';
import { JournalVerification } from './tree/verification.service.js';

/** The journal's stores on the connections for reads. */
export class JournalReads {
  readonly journal: JournalStore;
  readonly events: SealingStore;
  readonly tree: TreeStore;
  readonly ranges: ExportStore;
  readonly survey: (outside: OutsideCheckpoints, macs: EventMac) => JournalSurvey;

  constructor(reads: ReadDatabase, keys: PersonalKeys) {
    const database = reads.forLongWork();
    this.journal = new JournalStore(database, keys, null);
    this.survey = (outside, macs) =>
      new JournalSurvey(database, this.events, this.tree, new KnownCheckpoints(this.tree, outside), macs);
    this.events = new SealingStore(database);
    this.tree = new TreeStore(database);
    this.ranges = new ExportStore(database);
  }
}

export const journalReads: Provider[] = [
  {
    provide: JournalReads,
    useFactory: (reads: ReadDatabase, keys: PersonalKeys) => new JournalReads(reads, keys),
    inject: [ReadDatabase, PersonalKeys],
  },
  {
    provide: JournalProofs,
    useFactory: ({ events, tree }: JournalReads, sealing: SealingService, signer: NoteSigner) =>
      new JournalProofs(events, sealing, tree, signer),
    inject: [JournalReads, SealingService, JOURNAL_KEY],
  },
  {
    provide: JournalVerification,
    useFactory: ({ survey }: JournalReads, outside: OutsideCheckpoints, macs: EventMac) =>
      new JournalVerification(survey(outside, macs)),
    inject: [JournalReads, OutsideCheckpoints, EventMac],
  },
  {
    provide: JournalExport,
    useFactory: ({ journal, ranges }: JournalReads, proofs: JournalProofs) =>
      new JournalExport(journal, proofs, ranges),
    inject: [JournalReads, JournalProofs],
  },
];
