import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { SweepSources } from '../queue/sweep-sources.js';
import { WebhooksStore } from './webhooks.store.js';

const dayMs = 86_400_000;

/** Has the sweeper forget the bodies of webhooks that are older than WEBHOOK_BODY_RETENTION_DAYS. */
@Injectable()
export class BodyRetention implements OnModuleInit {
  constructor(
    @Inject(WebhooksStore) private readonly store: WebhooksStore,
    @Inject(SweepSources) private readonly sources: SweepSources,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    const keptMs = this.settings.webhookBodyRetentionDays * dayMs;
    this.sources.add({
      name: 'old bodies of webhooks',
      overdue: async (now, limit) => {
        await this.store.purgeBodies(new Date(now.getTime() - keptMs), limit);
        return [];
      },
    });
  }
}
