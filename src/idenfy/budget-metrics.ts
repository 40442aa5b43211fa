import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { Metrics } from '../http/metrics.js';
import { left } from './call-budget.js';
import { CallBudgetStore } from './call-budget.store.js';

/** The hourly budget of calls to iDenfy, which all replicas share. */
@Injectable()
export class BudgetMetrics {
  private readonly left: Gauge;
  private readonly readsLeft: Gauge;

  constructor(
    @Inject(Metrics) metrics: Metrics,
    @Inject(CallBudgetStore) private readonly budget: CallBudgetStore,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    const registers = [metrics.registry];
    this.left = new Gauge({
      name: 'facecode_idenfy_budget_left',
      help: 'Calls to iDenfy that all replicas together may still make in this hour. Calls that a replica has leased count as made.',
      registers,
    });
    this.readsLeft = new Gauge({
      name: 'facecode_idenfy_budget_left_for_reads',
      help: 'Calls to iDenfy’s session API that all replicas together may still make in this hour: at most half of the budget.',
      registers,
    });
    new Gauge({
      name: 'facecode_idenfy_budget_per_hour',
      help: 'IDENFY_REQUESTS_PER_HOUR.',
      registers,
    }).set(settings.idenfy.requestsPerHour);
    metrics.beforeScrape(() => this.read());
  }

  private async read(): Promise<void> {
    const { requestsPerHour } = this.settings.idenfy;
    const spent = await this.budget.spent(this.clock.now());
    this.left.set(left(spent, requestsPerHour, 'issuing'));
    this.readsLeft.set(left(spent, requestsPerHour, 'reading'));
  }
}
