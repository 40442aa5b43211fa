import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { WebhookSignatures } from '../idenfy/signature.js';
import { BodyErasure } from './body-erasure.service.js';
import { BodyPurgeStore } from './body-purge.store.js';
import { BodyRetention } from './body-retention.js';
import { WebhookIntake } from './intake.service.js';
import { KeptWebhooksController } from './kept-webhooks.controller.js';
import { KeptWebhooks } from './kept-webhooks.service.js';
import { KeptWebhooksStore } from './kept-webhooks.store.js';
import { QuarantineJournal } from './quarantine.js';
import { ResultsProcessor } from './results.processor.js';
import { ResultsService } from './results.service.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';
import { WebhooksStore } from './webhooks.store.js';

@Module({})
export class WebhooksModule {
  static forRoles(
    roles: { api: boolean; worker: boolean },
    imports: NonNullable<DynamicModule['imports']>,
  ): DynamicModule {
    return {
      module: WebhooksModule,
      imports,
      controllers: roles.api ? [WebhooksController, KeptWebhooksController] : [],
      providers: [
        {
          provide: WebhookSignatures,
          useFactory: ({ idenfy }: Settings) => new WebhookSignatures(idenfy.webhookKeys),
          inject: [SETTINGS],
        },
        WebhooksStore,
        QuarantineJournal,
        ResultsService,
        ...(roles.api ? [WebhooksService, WebhookIntake, KeptWebhooks, KeptWebhooksStore] : []),
        BodyPurgeStore,
        BodyErasure,
        BodyRetention,
        ...(roles.worker ? [ResultsProcessor] : []),
      ],
    };
  }
}
