/**
 * What auditors see: search and summary of all attempts, the evidence of a session, and the log of who has looked.
 * Reads what others write; the one thing it writes is `audit.read`.
 */
import { type DynamicModule, type InjectionToken, Module, type Provider } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AccessLog } from './access-log.service.js';
import { AttemptsAudit } from './attempts-audit.service.js';
import { AttemptsSearchStore } from './attempts-search.store.js';
import { AttemptsController } from './attempts.controller.js';
import { AuditedReadInterceptor } from './audited-read.interceptor.js';
import { EVIDENCE_DELIVERIES, EVIDENCE_PROOFS, NoDeliveries, NoProofs } from './evidence-sources.js';
import { EvidenceController } from './evidence.controller.js';
import { Evidence } from './evidence.service.js';
import { EvidenceStore } from './evidence.store.js';
import { SealedSessions } from './sealed-session.js';
import { SummaryStore } from './summary.store.js';

@Module({})
export class AuditModule {
  /** @param sources what takes the place of `EvidenceProofs` and `EvidenceDeliveries`, from one of the imports */
  static withImports(
    imports: NonNullable<DynamicModule['imports']>,
    sources: { proofs?: InjectionToken; deliveries?: InjectionToken } = {},
  ): DynamicModule {
    const { proofs, deliveries } = sources;
    const evidence: Provider[] = [
      { provide: EVIDENCE_PROOFS, ...(proofs ? { useExisting: proofs } : { useClass: NoProofs }) },
      { provide: EVIDENCE_DELIVERIES, ...(deliveries ? { useExisting: deliveries } : { useClass: NoDeliveries }) },
    ];
    return {
      module: AuditModule,
      imports,
      controllers: [AttemptsController, EvidenceController],
      providers: [
        AttemptsSearchStore,
        SummaryStore,
        AttemptsAudit,
        AccessLog,
        { provide: APP_INTERCEPTOR, useClass: AuditedReadInterceptor },
        EvidenceStore,
        SealedSessions,
        Evidence,
        ...evidence,
      ],
    };
  }
}
