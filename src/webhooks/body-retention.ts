import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { RetentionTasks } from '../queue/retention-tasks.js';
import { BodyPurgeStore } from './body-purge.store.js';

const dayMs = 86_400_000;

/** Deletes the bodies of received webhooks when they are old (WEBHOOK_BODY_RETENTION_DAYS). */
@Injectable()
export class BodyRetention implements OnModuleInit {
  constructor(
    @Inject(BodyPurgeStore) private readonly store: BodyPurgeStore,
    @Inject(RetentionTasks) private readonly tasks: RetentionTasks,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    const keptMs = this.settings.webhookBodyRetentionDays * dayMs;
    this.tasks.add({
      name: 'old bodies of webhooks',
      run: (now, limit) => this.store.purgeOld(new Date(now.getTime() - keptMs), limit),
    });
    // One that came for a subject after its erasure, or was not applied yet when that took place.
    this.tasks.add({ name: 'bodies of erased subjects', run: (_now, limit) => this.store.purgeErased(limit) });
  }
}
