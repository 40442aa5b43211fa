import { type DynamicModule, Module } from '@nestjs/common';
import { CodeAnswers } from './code-answers.service.js';
import { CodeWaiter } from './code-waiter.js';
import { CreationRequests } from './creation-requests.service.js';
import { ReviewQueue } from './review-queue.service.js';
import { ReviewController } from './review.controller.js';
import { ReviewsController } from './reviews.controller.js';
import { SessionCreation } from './session-creation.service.js';
import { SessionErasure } from './session-erasure.js';
import { SessionPersonal } from './session-personal.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { SessionsStore } from './sessions.store.js';

@Module({})
export class SessionsModule {
  /** What is kept of sessions is erased in every role. */
  static forRoles(roles: { api: boolean }, imports: NonNullable<DynamicModule['imports']>): DynamicModule {
    return {
      module: SessionsModule,
      imports,
      controllers: roles.api ? [SessionsController, ReviewController, ReviewsController] : [],
      providers: [
        SessionsStore,
        SessionErasure,
        ...(roles.api
          ? [SessionsService, SessionPersonal, SessionCreation, CreationRequests, CodeAnswers, CodeWaiter, ReviewQueue]
          : []),
      ],
      exports: roles.api ? [SessionsService] : [],
    };
  }
}
