import { Inject, Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../http/metrics.js';
import { Readiness } from '../http/readiness.js';
import { type GatedOperation, gatedOperations } from './operation-gate.js';
import { ProviderRefusalsStore } from './provider-refusals.store.js';

/** Shows operators which operations iDenfy refuses: in /readyz, without an effect on its status, and as a metric. */
@Injectable()
export class RefusalsShown {
  private readonly refused: Gauge<'operation'>;

  constructor(
    @Inject(Metrics) metrics: Metrics,
    @Inject(Readiness) readiness: Readiness,
    @Inject(ProviderRefusalsStore) private readonly refusals: ProviderRefusalsStore,
  ) {
    this.refused = new Gauge({
      name: 'facecode_provider_operation_refused',
      help: '1 while iDenfy refuses an operation and the replicas do not call it, else 0.',
      labelNames: ['operation'],
      registers: [metrics.registry],
    });
    metrics.beforeScrape(() => this.read());
    for (const operation of gatedOperations) {
      readiness.alsoTell(operation, async () => ((await this.isRefused(operation)) ? 'refused' : null));
    }
  }

  private async isRefused(operation: GatedOperation): Promise<boolean> {
    return (await this.refusals.find(operation))?.refusedAt != null;
  }

  private async read(): Promise<void> {
    const refused = await this.refusals.refused();
    for (const operation of gatedOperations) this.refused.set({ operation }, refused.includes(operation) ? 1 : 0);
  }
}
