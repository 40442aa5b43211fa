import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { Clock } from '../core/clock.js';
import { Metrics } from '../http/metrics.js';
import { Readiness } from '../http/readiness.js';
import { BudgetMetrics } from './budget-metrics.js';
import { type Breaker, breakerStates } from './breaker.js';
import { LeasedCalls } from './call-budget.js';
import { CallBudgetStore } from './call-budget.store.js';
import { Circuit } from './circuit.js';
import { IdenfyClient } from './client.js';
import { OperationGate } from './operation-gate.js';
import { ProviderRefusalsStore } from './provider-refusals.store.js';
import { RefusalsShown } from './refusals-shown.js';
import { SessionReader } from './session-reader.js';

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
      useFactory: ({ idenfy }: Settings, metrics: Metrics, circuit: Circuit, spent: CallBudgetStore, clock: Clock) =>
        new IdenfyClient(
          idenfy,
          ({ operation, outcome, durationSeconds }) =>
            metrics.providerCalls.observe({ operation, outcome }, durationSeconds),
          circuit,
          new LeasedCalls(spent, idenfy.requestsPerHour, clock),
        ),
      inject: [SETTINGS, Metrics, Circuit, CallBudgetStore, Clock],
    },
    ClientLifetime,
    CallBudgetStore,
    BudgetMetrics,
    ProviderRefusalsStore,
    OperationGate,
    RefusalsShown,
    SessionReader,
  ],
  exports: [IdenfyClient, SessionReader],
})
export class IdenfyModule {}
