import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { Metrics } from '../http/metrics.js';
import { Readiness } from '../http/readiness.js';
import { BudgetMetrics } from './budget-metrics.js';
import { type Breaker, breakerStates } from './breaker.js';
import { Circuit } from './circuit.js';
import { IdenfyClient } from './client.js';

@Injectable()
class ClientLifetime implements OnApplicationShutdown {
  constructor(@Inject(IdenfyClient) private readonly client: IdenfyClient) {}

  onApplicationShutdown(): Promise<void> {
    return this.client.close();
  }
}

/** The breaker of this process, told to whoever watches it. */
function watchedCircuit(clock: Clock, metrics: Metrics, readiness: Readiness): Circuit {
  const show = (current: Breaker['state']) => {
    for (const state of breakerStates) metrics.providerBreaker.set({ state }, state === current ? 1 : 0);
  };
  const circuit = new Circuit(
    () => clock.now().getTime(),
    (state) => {
      show(state);
      if (state === 'open') metrics.providerBreakerOpenings.inc();
    },
  );
  show(circuit.state);
  readiness.alsoTell('provider', () => (circuit.state === 'closed' ? null : circuit.state));
  return circuit;
}

@Module({
  providers: [
    { provide: Circuit, useFactory: watchedCircuit, inject: [Clock, Metrics, Readiness] },
    {
      provide: IdenfyClient,
      useFactory: ({ idenfy }: Settings, metrics: Metrics, circuit: Circuit) =>
        new IdenfyClient(
          idenfy,
          ({ operation, outcome, durationSeconds }) =>
            metrics.providerCalls.observe({ operation, outcome }, durationSeconds),
          circuit,
        ),
      inject: [SETTINGS, Metrics, Circuit],
    },
    ClientLifetime,
    BudgetMetrics,
  ],
  exports: [IdenfyClient],
})
export class IdenfyModule {}
