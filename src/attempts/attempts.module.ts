import { type DynamicModule, Module } from '@nestjs/common';
import { AddressDigests } from './address-digests.js';
import { AddressesStore } from './addresses.store.js';
import { AttemptMetrics } from './attempt-metrics.js';
import { AttemptMoves } from './attempt-moves.js';
import { AttemptSecrets } from './attempt-secret.js';
import { AttemptsSweep } from './attempts-sweep.js';
import { AttemptsService } from './attempts.service.js';
import { AttemptsStore } from './attempts.store.js';
import { CodesProcessor } from './codes.processor.js';
import { DueStore } from './due.store.js';
import { IdentificationRequests } from './identification-requests.service.js';
import { IdentificationResults } from './identification-results.service.js';
import { IdentificationsStore } from './identifications.store.js';
import { Issuance } from './issuance.service.js';
import { CodeIssuer } from './issuing.service.js';
import { LockedAttempts } from './locked-attempts.js';
import { LostSessions } from './lost-sessions.service.js';
import { Moments } from './moments.service.js';
import { OpenAttemptsStore } from './open-attempts.store.js';
import { OrphansStore } from './orphans.store.js';
import { ResultTargets } from './result-targets.service.js';
import { ReviewService } from './review.service.js';
import { ReviewsStore } from './reviews.store.js';
import { SessionOpening } from './session-opening.js';
import { DeadlineCheck } from './deadline-check.service.js';
import { PassConfirmation } from './pass-confirmation.service.js';
import { SessionApi } from './session-api.js';

@Module({})
export class AttemptsModule {
  static forRoles(roles: { worker: boolean }, imports: NonNullable<DynamicModule['imports']>): DynamicModule {
    return {
      module: AttemptsModule,
      imports,
      providers: [
        AttemptsStore,
        AttemptSecrets,
        AddressDigests,
        AddressesStore,
        Moments,
        AttemptMetrics,
        AttemptMoves,
        AttemptsService,
        ReviewsStore,
        ReviewService,
        SessionOpening,
        IdentificationsStore,
        IdentificationResults,
        OpenAttemptsStore,
        ResultTargets,
        ...(roles.worker
          ? [
              DueStore,
              OrphansStore,
              LockedAttempts,
              Issuance,
              LostSessions,
              CodeIssuer,
              IdentificationRequests,
              SessionApi,
              DeadlineCheck,
              PassConfirmation,
              CodesProcessor,
              AttemptsSweep,
            ]
          : []),
      ],
      exports: [
        AttemptsStore,
        AttemptsService,
        AttemptSecrets,
        AddressDigests,
        AddressesStore,
        ReviewsStore,
        ReviewService,
        SessionOpening,
        IdentificationsStore,
        IdentificationResults,
        ResultTargets,
      ],
    };
  }
}
