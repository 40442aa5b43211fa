/** Shows deliveries to the owner of an endpoint, and sends them again on request. */
import { Inject, Injectable } from '@nestjs/common';
import type { Actor } from '../core/actor.js';
import { Clock } from '../core/clock.js';
import { isId, newId } from '../core/ids.js';
import { Reach } from '../core/reach.js';
import { Database, type Transaction } from '../database/database.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { parseInstant } from '../http/instant.js';
import { platformOfEvent } from '../core/platform.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { DeliveriesStore } from './deliveries.store.js';
import { deliveryView } from './delivery-view.js';
import type { ListDeliveriesDto } from './delivery.dto.js';
import type { DeliveryPageResponse, DeliveryResponse, RecoveryResponse } from './delivery.responses.js';
import { saidToBeWell } from './endpoint-health.js';
import { type EndpointRow, EndpointsStore, type Recovery } from './endpoints.store.js';

export type Refused = 'not-found' | 'endpoint-disabled';

/** Not in the event catalogue, because a test event is not in the journal. */
const testEventType = 'endpoint.test';

@Injectable()
export class DeliveriesService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(DeliveriesStore) private readonly store: DeliveriesStore,
    @Inject(EndpointsStore) private readonly endpoints: EndpointsStore,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async list(endpointId: string, reach: Reach, query: ListDeliveriesDto): Promise<DeliveryPageResponse | 'not-found'> {
    if (!isId('ep', endpointId) || !(await this.endpoints.find(endpointId, reach))) return 'not-found';
    const { limit, state, cursor } = query;
    const before = cursor === undefined ? undefined : decodeCursor(cursor, (text) => isId('dlv', text));
    const found = await this.store.list({ endpointId, state, before, limit: limit + 1 });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      data: page.map((one) => deliveryView(one)),
      nextCursor: found.length > limit && last ? encodeCursor(last.delivery.id) : null,
    };
  }

  async find(id: string, reach: Reach): Promise<DeliveryResponse | 'not-found'> {
    const found = isId('dlv', id) ? await this.store.find(id, reach) : null;
    return found ? deliveryView(found, (row) => this.store.answerOf(row)) : 'not-found';
  }

  /**
   * Sends one delivery at once, whatever its state. Its schedule starts again, and its endpoint is no longer held back.
   */
  async retry(id: string, reach: Reach): Promise<DeliveryResponse | Refused> {
    const found = isId('dlv', id) ? await this.store.find(id, reach) : null;
    if (!found) return 'not-found';
    return this.toEnabled(found.delivery.endpointId, reach, async (tx, endpoint) => {
      const now = this.clock.now();
      await this.endpoints.change(tx, endpoint.id, saidToBeWell);
      await this.store.sendAgain(tx, id, now);
      this.dispatcher.afterCommit(tx, jobs.deliverAt(endpoint.id, now, now));
      return this.shown(tx, id);
    });
  }

  /** An event that did not happen, sent like those that did. */
  test(endpointId: string, reach: Reach, actor: Actor): Promise<DeliveryResponse | Refused> {
    return this.toEnabled(endpointId, reach, async (tx, endpoint) => {
      const now = this.clock.now();
      const event = {
        id: newId('evt'),
        type: testEventType,
        platform: platformOfEvent(endpoint.platform),
        sessionId: null,
        attemptId: null,
        seq: null,
        position: null,
        at: now.toISOString(),
        actor: { ...actor },
        data: { endpointId: endpoint.id },
        personal: null,
        personalDigest: null,
      };
      const id = await this.store.addTest(tx, endpoint.id, event, now);
      this.dispatcher.afterCommit(tx, jobs.deliver(endpoint.id));
      return this.shown(tx, id);
    });
  }

  /**
   * Sends deliveries that failed, that wait for a later try, or that were missed since then. Reads the journal again,
   * but only up to the position for which deliveries were made. Later events get their deliveries anyway; made here,
   * those would overtake earlier events.
   */
  async recover(endpointId: string, reach: Reach, since: string | number): Promise<RecoveryResponse | Refused> {
    if (!isId('ep', endpointId)) return 'not-found';
    return this.database.transaction(async (tx) => {
      // A fan-out under way may have passed over an endpoint that was enabled a moment ago, so wait for its position.
      const until = await this.endpoints.holdFanOut(tx);
      return this.whenEnabled(tx, endpointId, reach, async (endpoint) => {
        const time = parseInstant(since);
        const after = time ? await this.endpoints.positionBefore(tx, time) : Number(since);
        if (after < until) {
          await this.endpoints.setRecovery(tx, endpoint.id, recovering(endpoint, { after, until, since: time }));
        }
        const now = this.clock.now();
        await this.endpoints.change(tx, endpoint.id, saidToBeWell);
        await this.store.sendTestsAgain(tx, endpoint.id, time, now);
        this.dispatcher.afterCommit(tx, jobs.fanOut());
        this.dispatcher.afterCommit(tx, jobs.deliverAt(endpoint.id, now, now));
        return { endpointId: endpoint.id, since, untilPosition: until };
      });
    });
  }

  private async toEnabled<T>(
    endpointId: string,
    reach: Reach,
    work: (tx: Transaction, endpoint: EndpointRow) => Promise<T>,
  ): Promise<T | Refused> {
    if (!isId('ep', endpointId)) return 'not-found';
    return this.database.transaction((tx) => this.whenEnabled(tx, endpointId, reach, (endpoint) => work(tx, endpoint)));
  }

  private async whenEnabled<T>(
    tx: Transaction,
    endpointId: string,
    reach: Reach,
    work: (endpoint: EndpointRow) => Promise<T>,
  ): Promise<T | Refused> {
    const endpoint = await this.endpoints.lockWithin(tx, endpointId, reach);
    if (!endpoint) return 'not-found';
    return endpoint.disabledAt === null ? work(endpoint) : 'endpoint-disabled';
  }

  private async shown(tx: Transaction, id: string): Promise<DeliveryResponse> {
    const found = await this.store.find(id, Reach.all, tx);
    if (!found) throw new Error(`delivery ${id} is gone`);
    return deliveryView(found, (row) => this.store.answerOf(row));
  }
}

/** Merges the recovery that is still under way with the new one, so that neither is lost. */
function recovering({ recoverAfter, recoverSince }: EndpointRow, asked: Recovery): Recovery {
  if (recoverAfter === null) return asked;
  const since =
    asked.since === null || recoverSince === null || asked.since < recoverSince ? asked.since : recoverSince;
  return {
    after: Math.min(recoverAfter, asked.after),
    until: asked.until,
    since: recoverSince === null ? null : since,
  };
}
