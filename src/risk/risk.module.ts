import { type DynamicModule, type InjectionToken, Module } from '@nestjs/common';
import { SUBJECT_JOURNAL } from './subject-journal.js';
import { SubjectsController } from './subjects.controller.js';
import { SubjectsService } from './subjects.service.js';
import { SubjectsStore } from './subjects.store.js';
import { Velocity } from './velocity.service.js';
import { VelocityStore } from './velocity.store.js';

@Module({})
export class RiskModule {
  /** @param journal what takes the place of `SubjectJournal`, from one of the imports: the journal stands beside us */
  static forRoles(
    roles: { api: boolean },
    imports: NonNullable<DynamicModule['imports']>,
    journal: InjectionToken,
  ): DynamicModule {
    return {
      module: RiskModule,
      imports,
      controllers: roles.api ? [SubjectsController] : [],
      providers: [
        SubjectsStore,
        SubjectsService,
        VelocityStore,
        Velocity,
        { provide: SUBJECT_JOURNAL, useExisting: journal },
      ],
      exports: [SubjectsService, Velocity],
    };
  }
}
