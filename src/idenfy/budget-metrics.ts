import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Metrics } from '../http/metrics.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';

/** The hourly budget of calls to iDenfy, which all replicas share. */
@Injectable()
export class BudgetMetrics {
  private readonly left: Gauge;

  constructor(
    @Inject(Metrics) metrics: Metrics,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    const registers = [metrics.registry];
    this.left = new Gauge({
      name: 'facecode_idenfy_budget_left',
      help: 'Calls to iDenfy that all replicas together may still make in this hour. Also 0 during a pause that iDenfy asked for.',
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
    if (!this.dispatcher.reachable) return;
    const spent = await this.dispatcher.spentOfLimit('codes');
    this.left.set(Math.max(0, this.settings.idenfy.requestsPerHour - spent));
  }
}
