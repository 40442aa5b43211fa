import { type DynamicModule, Module } from '@nestjs/common';
import { ErasureService } from './erasure.service.js';
import { ErasureStore } from './erasure.store.js';
import { LegalHolds } from './legal-holds.service.js';
import { LegalHoldsStore } from './legal-holds.store.js';
import { PersonalRetention } from './personal-retention.js';
import { PrivacyController } from './privacy.controller.js';
import { SubjectEraser } from './subject-eraser.js';

/** Erasing subjects, keeping them from it, and forgetting with age. What each feature keeps, it hands in itself. */
@Module({})
export class PrivacyModule {
  static forRoles(
    roles: { api: boolean; worker: boolean },
    imports: NonNullable<DynamicModule['imports']>,
  ): DynamicModule {
    return {
      module: PrivacyModule,
      imports,
      controllers: roles.api ? [PrivacyController] : [],
      providers: [
        ErasureStore,
        LegalHoldsStore,
        SubjectEraser,
        ErasureService,
        LegalHolds,
        ...(roles.worker ? [PersonalRetention] : []),
      ],
    };
  }
}
