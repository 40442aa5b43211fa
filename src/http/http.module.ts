import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { ApiKeysStore } from './api-keys.store.js';
import { Authentication } from './authentication.service.js';
import { CredentialMemory } from './credential-memory.js';
import { DependencyMetrics } from './dependency-metrics.js';
import { ClientTokensStore } from './client-tokens.store.js';
import { HealthController } from './health.controller.js';
import { HomeController } from './home.controller.js';
import { IdempotencySweep } from './idempotency-sweep.js';
import { IdempotencyStore } from './idempotency.store.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { MetricsServer } from './metrics-server.js';
import { ProblemFilter } from './problem.filter.js';
import { ProblemsController } from './problems.controller.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RateLimits } from './rate-limit.service.js';
import { Readiness } from './readiness.js';
import { RequestBudgetsStore } from './request-budgets.store.js';
import { RequestBudgetsSweep } from './request-budgets-sweep.js';
import { validationPipe } from './validation.js';

/** What every route has in common. Health is answered in every role. */
@Global()
@Module({})
export class HttpModule {
  static forRoles(roles: { api: boolean; worker: boolean }, ownMetricsPort: boolean): DynamicModule {
    return {
      module: HttpModule,
      controllers: [
        HealthController,
        ...(ownMetricsPort ? [] : [MetricsController]),
        ...(roles.api ? [HomeController, ProblemsController] : []),
      ],
      providers: [
        ApiKeysStore,
        ClientTokensStore,
        CredentialMemory,
        Authentication,
        IdempotencyStore,
        Metrics,
        MetricsServer,
        DependencyMetrics,
        Readiness,
        RequestBudgetsStore,
        RateLimits,
        ...(roles.worker ? [IdempotencySweep, RequestBudgetsSweep] : []),
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_GUARD, useClass: RateLimitGuard },
        { provide: APP_PIPE, useFactory: validationPipe },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
      exports: [ApiKeysStore, ClientTokensStore, CredentialMemory, IdempotencyStore, Metrics, Readiness],
    };
  }
}
