import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from './metrics.js';
import { Readiness } from './readiness.js';

/** Whether this process reaches the servers that it needs. */
@Injectable()
export class DependencyMetrics {
  private readonly up: Gauge<'dependency'>;

  constructor(
    @Inject(Metrics) metrics: Metrics,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {
    this.up = new Gauge({
      name: 'facecode_dependency_up',
      help: 'Whether this process reaches the database, the queue’s store and iDenfy: 1 or 0. iDenfy is 0 while the breaker keeps calls back.',
      labelNames: ['dependency'],
      registers: [metrics.registry],
    });
    metrics.beforeScrape(() => this.read());
  }

  private async read(): Promise<void> {
    const { checks } = await this.readiness.check();
    for (const dependency of ['database', 'queue']) this.up.set({ dependency }, checks[dependency] === 'ok' ? 1 : 0);
    // The check is absent while the breaker is closed.
    this.up.set({ dependency: 'idenfy' }, (checks.provider ?? 'ok') === 'ok' ? 1 : 0);
  }
}
