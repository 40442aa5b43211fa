import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Queryable, Transaction } from '../database/database.js';
import { ErasureSources } from '../journal/erasure-sources.js';
import { RetentionTasks } from '../queue/retention-tasks.js';
import { DeliveriesStore } from './deliveries.store.js';
import { deliveryView } from './delivery-view.js';
import type { DeliveryResponse } from './delivery.responses.js';

/** A delivery is tried for 75 hours, and an operator may ask for further tries. */
const deliveredWithinMs = 30 * 86_400_000;

/** What others need to know and to erase of the deliveries of sessions. */
@Injectable()
export class DeliveriesOfSessions implements OnModuleInit {
  constructor(
    @Inject(DeliveriesStore) private readonly store: DeliveriesStore,
    @Inject(ErasureSources) private readonly sources: ErasureSources,
    @Inject(RetentionTasks) private readonly tasks: RetentionTasks,
  ) {}

  onModuleInit(): void {
    this.tasks.add({
      name: 'answers about erased subjects',
      run: (now, limit) => this.store.purgeAnswersOfErased(new Date(now.getTime() - deliveredWithinMs), limit),
    });
    this.sources.receivers = (tx, sessionIds) => this.endpointsThatReceived(tx, sessionIds);
    this.sources.add({
      what: 'answers of consumers to webhooks',
      where: 'delivery_attempts.response_sealed',
      erase: (tx, { scanRef, sessionIds, whole }) => this.eraseAnswers(tx, sessionIds, whole ? scanRef : null),
    });
  }

  /** Ids of the endpoints that events of those sessions were sent to: who has to hear that they are erased. */
  endpointsThatReceived(database: Queryable, sessionIds: readonly string[]): Promise<string[]> {
    return this.store.endpointsOfSessions(database, sessionIds);
  }

  /**
   * Erases answers of receivers, because they may repeat what was sent.
   * @param scanRef also of events that belong to no session and name this scanRef; null: of none
   * @returns how many answers were erased
   */
  async eraseAnswers(tx: Transaction, sessionIds: readonly string[], scanRef: string | null): Promise<number> {
    const ofSessions = await this.store.eraseAnswers(tx, sessionIds);
    return ofSessions + (scanRef === null ? 0 : await this.store.eraseAnswersAbout(tx, scanRef));
  }

  /** Every delivery of the session's events with its tries, oldest first, without the answers. */
  async deliveriesOfSession(sessionId: string): Promise<DeliveryResponse[]> {
    const found = await this.store.ofSession(sessionId);
    return found.map((one) => deliveryView(one));
  }
}
