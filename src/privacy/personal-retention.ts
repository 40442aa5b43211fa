import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { RetentionTasks } from '../queue/retention-tasks.js';
import { ErasureService } from './erasure.service.js';
import { ErasureStore } from './erasure.store.js';

const dayMs = 86_400_000;
/** The sessions of one key were made within so long, so that they grow old together. */
const keyServesMs = 30 * dayMs;

/** Personal data goes with age (PERSONAL_DATA_RETENTION_DAYS), except under a legal hold. */
@Injectable()
export class PersonalRetention implements OnModuleInit {
  constructor(
    @Inject(ErasureStore) private readonly store: ErasureStore,
    @Inject(ErasureService) private readonly erasure: ErasureService,
    @Inject(RetentionTasks) private readonly tasks: RetentionTasks,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'keys of subjects that have served',
      run: (now, limit) => this.store.retireKeys(new Date(now.getTime() - keyServesMs), limit, now),
    });
    const days = this.settings.personalDataRetentionDays;
    if (days === null) return;
    this.tasks.add({
      name: 'personal data of old sessions',
      run: (now, limit) => this.eraseOld(new Date(now.getTime() - days * dayMs), limit),
    });
  }

  private async eraseOld(endedBefore: Date, limit: number): Promise<number> {
    let erased = 0;
    for (const { id, scanRef } of await this.store.oldKeys(endedBefore, limit)) {
      if (await this.erasure.eraseOld(id, scanRef, endedBefore)) erased += 1;
    }
    return erased;
  }
}
