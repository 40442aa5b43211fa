import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { SweepSources } from '../queue/sweep-sources.js';
import { IdempotencyStore } from './idempotency.store.js';

/** Has the sweeper forget idempotency keys whose day is over. */
@Injectable()
export class IdempotencySweep implements OnModuleInit {
  constructor(
    @Inject(IdempotencyStore) private readonly idempotency: IdempotencyStore,
    @Inject(SweepSources) private readonly sources: SweepSources,
  ) {}

  onModuleInit(): void {
    this.sources.add({
      name: 'old idempotency keys',
      overdue: async (now) => {
        await this.idempotency.purge(now);
        return [];
      },
    });
  }
}
