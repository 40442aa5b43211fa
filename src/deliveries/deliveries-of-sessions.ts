import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Queryable, Transaction } from '../database/database.js';
import { ErasureSources } from '../journal/erasure-sources.js';
import { DeliveriesStore } from './deliveries.store.js';
import { deliveryView } from './delivery-view.js';
import type { DeliveryResponse } from './delivery.responses.js';

/** What others need to know and to erase of the deliveries of sessions. */
@Injectable()
export class DeliveriesOfSessions implements OnModuleInit {
  constructor(
    @Inject(DeliveriesStore) private readonly store: DeliveriesStore,
    @Inject(ErasureSources) private readonly sources: ErasureSources,
  ) {}

  onModuleInit(): void {
    this.sources.receivers = (tx, sessionIds) => this.endpointsThatReceived(tx, sessionIds);
    this.sources.add({
      what: 'answers of consumers to webhooks',
      where: 'delivery_attempts.response_sealed',
      erase: (tx, { sessionIds }) => this.eraseAnswers(tx, sessionIds),
    });
  }

  /** Ids of the endpoints that events of those sessions were sent to: who has to hear that they are erased. */
  endpointsThatReceived(database: Queryable, sessionIds: readonly string[]): Promise<string[]> {
    return this.store.endpointsOfSessions(database, sessionIds);
  }

  /** Receivers may have answered with what they were sent. @returns how many answers were erased */
  eraseAnswers(tx: Transaction, sessionIds: readonly string[]): Promise<number> {
    return this.store.eraseAnswers(tx, sessionIds);
  }

  /** Every delivery of the session's events with its tries, oldest first, without the answers. */
  async deliveriesOfSession(sessionId: string): Promise<DeliveryResponse[]> {
    const found = await this.store.ofSession(sessionId);
    return found.map((one) => deliveryView(one));
  }
}
