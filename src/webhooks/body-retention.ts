import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { ErasureSources } from '../journal/erasure-sources.js';
import { RetentionTasks } from '../queue/retention-tasks.js';
import { WebhooksStore } from './webhooks.store.js';

const dayMs = 86_400_000;

/** The bodies of received webhooks go with age (WEBHOOK_BODY_RETENTION_DAYS) and with the subject they tell of. */
@Injectable()
export class BodyRetention implements OnModuleInit {
  constructor(
    @Inject(WebhooksStore) private readonly store: WebhooksStore,
    @Inject(RetentionTasks) private readonly tasks: RetentionTasks,
    @Inject(ErasureSources) private readonly erasure: ErasureSources,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    const keptMs = this.settings.webhookBodyRetentionDays * dayMs;
    this.tasks.add({
      name: 'old bodies of webhooks',
      run: (now, limit) => this.store.purgeBodies(new Date(now.getTime() - keptMs), limit),
    });
    // One that came for a subject after its erasure, or was not applied yet when that took place.
    this.tasks.add({ name: 'bodies of erased subjects', run: (_now, limit) => this.store.purgeErased(limit) });
    this.erasure.add({
      what: 'bodies of received webhooks (address of the selfie, risk tags)',
      where: 'webhooks.body_sealed',
      erase: (tx, { sessionIds }) => this.store.purgeBodiesOf(tx, sessionIds),
    });
  }
}
