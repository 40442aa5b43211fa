/**
 * For auditors: search and summary of all attempts, the evidence of a session, and the record of who read them. This
 * folder reads what other folders write; it writes only `audit.read`.
 */
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AccessLog } from './access-log.service.js';
import { AttemptsAudit } from './attempts-audit.service.js';
import { AttemptsSearchStore } from './attempts-search.store.js';
import { AttemptsController } from './attempts.controller.js';
import { ReadsInterceptor } from './reads.interceptor.js';
import { EvidenceProofs } from './evidence-proofs.js';
import { EvidenceController } from './evidence.controller.js';
import { Evidence } from './evidence.service.js';
import { EvidenceStore } from './evidence.store.js';
import { SealedSessions } from './sealed-session.js';
import { SessionOutcomesStore } from './session-outcomes.store.js';
import { SummaryStore } from './summary.store.js';
import { VERIFIER_PLACE, verifierPlace } from './verifier-file.js';
import { VerifierController } from './verifier.controller.js';

@Module({})
export class AuditModule {
  static withImports(imports: NonNullable<DynamicModule['imports']>): DynamicModule {
    return {
      module: AuditModule,
      imports,
      controllers: [AttemptsController, EvidenceController, VerifierController],
      providers: [
        AttemptsSearchStore,
        SessionOutcomesStore,
        SummaryStore,
        AttemptsAudit,
        AccessLog,
        { provide: APP_INTERCEPTOR, useClass: ReadsInterceptor },
        EvidenceStore,
        { provide: VERIFIER_PLACE, useValue: verifierPlace },
        SealedSessions,
        Evidence,
        EvidenceProofs,
      ],
    };
  }
}
