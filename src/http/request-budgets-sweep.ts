import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { SweepSources } from '../queue/sweep-sources.js';
import { RequestBudgetsStore } from './request-budgets.store.js';

/** Has the sweeper forget request budgets that are full again, and the addresses in their names. */
@Injectable()
export class RequestBudgetsSweep implements OnModuleInit {
  constructor(
    @Inject(RequestBudgetsStore) private readonly budgets: RequestBudgetsStore,
    @Inject(SweepSources) private readonly sources: SweepSources,
  ) {}

  onModuleInit(): void {
    this.sources.add({
      name: 'old request budgets',
      overdue: async (now) => {
        await this.budgets.purge(now);
        return [];
      },
    });
  }
}
