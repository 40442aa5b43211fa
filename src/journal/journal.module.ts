import { type DynamicModule, Module } from '@nestjs/common';
import { SETTINGS } from '../config/settings.token.js';
import { AdministrationJournal } from './administration-journal.js';
import { CheckpointMirror } from './mirror/checkpoint-mirror.service.js';
import { CheckpointMirrorStore } from './mirror/checkpoint-mirror.store.js';
import { ErasureSources } from './erasure-sources.js';
import { EventCatalogueController } from './catalogue/event-catalogue.controller.js';
import { EventMac } from './event-mac.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { ExportController } from './export/export.controller.js';
import { JOURNAL_KEY, journalKey } from './tree/journal-key.js';
import { JournalProofs } from './tree/journal-proofs.service.js';
import { JournalFeed } from './journal-feed.js';
import { JournalReads, journalReads } from './journal-reads.js';
import { JournalTail } from './journal-tail.js';
import { JournalBeginning } from './tree/journal-beginning.service.js';
import { JournalGuard } from './tree/journal-guard.service.js';
import { JournalSignatures } from './tree/journal-signatures.service.js';
import { JournalStateStore } from './tree/journal-state.store.js';
import { OutsideCheckpoints } from './tree/outside-checkpoints.js';
import type { NoteSigner } from './tree/signed-note.js';
import { TreeWriter } from './tree/tree-writer.service.js';
import { JournalController } from './tree/journal.controller.js';
import { JournalService } from './tree/journal.service.js';
import { JournalStore } from './journal.store.js';
import { PersonalKeys } from './personal-keys.js';
import { SealProcessor } from './tree/seal.processor.js';
import { SealingService } from './tree/sealing.service.js';
import { SealingStore } from './tree/sealing.store.js';
import { TreeStore } from './tree/tree.store.js';

@Module({})
export class JournalModule {
  static forRoles(roles: { api: boolean; worker: boolean }): DynamicModule {
    return {
      module: JournalModule,
      controllers: roles.api ? [EventsController, EventCatalogueController, JournalController, ExportController] : [],
      providers: [
        { provide: JOURNAL_KEY, useFactory: journalKey, inject: [SETTINGS] },
        {
          provide: EventMac,
          useFactory: ({ privateKey }: NoteSigner) => new EventMac(privateKey),
          inject: [JOURNAL_KEY],
        },
        JournalStore,
        AdministrationJournal,
        PersonalKeys,
        ErasureSources,
        JournalTail,
        SealingStore,
        TreeStore,
        JournalStateStore,
        OutsideCheckpoints,
        JournalGuard,
        TreeWriter,
        SealingService,
        JournalBeginning,
        JournalSignatures,
        JournalFeed,
        EventsService,
        ...(roles.api ? [...journalReads, JournalService] : []),
        ...(roles.worker ? [SealProcessor, CheckpointMirrorStore, CheckpointMirror] : []),
      ],
      exports: [
        JournalStore,
        AdministrationJournal,
        JournalFeed,
        JournalTail,
        PersonalKeys,
        ErasureSources,
        JournalSignatures,
        ...(roles.api ? [JournalReads, JournalProofs] : []),
      ],
    };
  }
}
