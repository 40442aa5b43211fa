import { type DynamicModule, Module } from '@nestjs/common';
import { EventCatalogueController } from './event-catalogue.controller.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { JournalFeed } from './journal-feed.js';
import { JournalStore } from './journal.store.js';
import { JournalTail } from './journal-tail.js';
import { PersonalKeys } from './personal-keys.js';
import { SealProcessor } from './seal.processor.js';
import { SealingService } from './sealing.service.js';

@Module({})
export class JournalModule {
  static forRoles(roles: { api: boolean; worker: boolean }): DynamicModule {
    return {
      module: JournalModule,
      controllers: roles.api ? [EventsController, EventCatalogueController] : [],
      providers: [
        JournalStore,
        PersonalKeys,
        JournalTail,
        JournalFeed,
        EventsService,
        ...(roles.worker ? [SealingService, SealProcessor] : []),
      ],
      exports: [JournalStore, JournalFeed, JournalTail, PersonalKeys],
    };
  }
}
