import { type DynamicModule, Module } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { DeliveriesController } from './deliveries.controller.js';
import { DeliveriesOfSessions } from './deliveries-of-sessions.js';
import { DeliveriesProcessor } from './deliveries.processor.js';
import { DeliveriesService } from './deliveries.service.js';
import { DeliveriesStore } from './deliveries.store.js';
import { DeliveriesSweep } from './deliveries-sweep.js';
import { DeliveryMetrics } from './delivery-metrics.js';
import { DeliveryClaims } from './delivery-claims.service.js';
import { DeliveryOutcomes } from './delivery-outcomes.service.js';
import { DeliveryProblemsController } from './delivery-problems.controller.js';
import { DeliveryPump } from './delivery-pump.service.js';
import { DueDeliveriesStore } from './due-deliveries.store.js';
import { EgressGuard } from './egress/egress-guard.js';
import { EndpointConsequences } from './endpoint-consequences.js';
import { EndpointsController } from './endpoints.controller.js';
import { EndpointsService } from './endpoints.service.js';
import { EndpointsStore } from './endpoints.store.js';
import { EventBodies } from './event-bodies.js';
import { FanOut } from './fan-out.service.js';
import { FanOutStore } from './fan-out.store.js';
import { HostResolver } from './egress/host-resolver.js';
import { SuccessRecorder } from './success-recorder.js';
import { WebhookSender } from './webhook-sender.js';

@Module({})
export class DeliveriesModule {
  static forRoles(
    roles: { api: boolean; worker: boolean },
    imports: NonNullable<DynamicModule['imports']>,
  ): DynamicModule {
    return {
      module: DeliveriesModule,
      imports,
      controllers: roles.api ? [DeliveryProblemsController, EndpointsController, DeliveriesController] : [],
      providers: [
        HostResolver,
        {
          provide: EgressGuard,
          useFactory: ({ egressAllow }: Settings, resolver: HostResolver) =>
            new EgressGuard(egressAllow, (hostname) => resolver.resolve(hostname)),
          inject: [SETTINGS, HostResolver],
        },
        EndpointsStore,
        DeliveriesStore,
        DeliveriesOfSessions,
        DeliveryMetrics,
        ...(roles.api ? [EndpointsService, DeliveriesService] : []),
        ...(roles.worker
          ? [
              FanOutStore,
              FanOut,
              DueDeliveriesStore,
              DeliveryClaims,
              EndpointConsequences,
              SuccessRecorder,
              EventBodies,
              DeliveryOutcomes,
              WebhookSender,
              DeliveryPump,
              DeliveriesProcessor,
              DeliveriesSweep,
            ]
          : []),
      ],
      exports: [DeliveriesOfSessions],
    };
  }
}
