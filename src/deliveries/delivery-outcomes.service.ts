import { Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { Database } from '../database/database.js';
import { DeliveryMetrics } from './delivery-metrics.js';
import { type AfterTry, type ClaimedDelivery, DueDeliveriesStore, type Tried } from './due-deliveries.store.js';
import { EndpointConsequences } from './endpoint-consequences.js';
import { nextDelaySeconds, retryAfterSeconds } from './schedule.js';
import { SuccessRecorder } from './success-recorder.js';

const delivered: AfterTry = { state: 'delivered', nextTryAt: null };

/** Records the outcome of each try, and when the next try is due. */
@Injectable()
export class DeliveryOutcomes {
  private readonly logger = new Logger('Delivery');

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(DueDeliveriesStore) private readonly store: DueDeliveriesStore,
    @Inject(SuccessRecorder) private readonly successes: SuccessRecorder,
    @Inject(EndpointConsequences) private readonly consequences: EndpointConsequences,
    @Inject(DeliveryMetrics) private readonly metrics: DeliveryMetrics,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @param probe whether this try decides if the endpoint works again */
  async record(delivery: ClaimedDelivery, tried: Tried, probe: boolean): Promise<void> {
    if (tried.error === 'outcome-unknown') return this.store.letGoUnanswered(delivery, tried);
    const now = this.clock.now();
    const after = isSuccess(tried) ? delivered : await this.recordFailure(delivery, tried, probe, now);
    if (after === delivered) await this.successes.record({ delivery, tried, probe, at: now });
    this.tell(delivery, tried, after);
  }

  private async recordFailure(delivery: ClaimedDelivery, tried: Tried, probe: boolean, now: Date): Promise<AfterTry> {
    const asked = retryAfterSeconds(tried.retryAfter, now);
    const after = nextTry(delivery.step + 1, asked, now);
    // An answer that did not come to its end in time is none.
    const status = tried.error === null ? tried.status : null;
    const failure = { status, retryAfterSeconds: asked, probe };
    await this.database.transaction(async (tx) => {
      // If the claim is lost, this process was paused, so its failure may say nothing about the endpoint.
      if (await this.store.isClaimed(tx, delivery))
        await this.consequences.draw(tx, delivery.endpointId, failure, tried.error, now);
      await this.store.recordFailure(tx, delivery, tried, after, now);
    });
    return after;
  }

  /** Logs that an earlier try began and no process recorded its outcome. */
  reportUnknown({ id, endpointId, eventId, eventType }: ClaimedDelivery): void {
    this.metrics.tries.inc({ result: 'outcome-unknown' });
    const what = `delivery=${id} endpoint=${endpointId} event=${eventId} type=${eventType}`;
    this.logger.warn(`${what} error=outcome-unknown: sending again, because no outcome was recorded in time`);
  }

  /** Logs one line for each try. */
  private tell(delivery: ClaimedDelivery, { status, error, durationMs }: Tried, { state, nextTryAt }: AfterTry): void {
    this.metrics.tries.inc({ result: error ?? `${Math.floor((status ?? 0) / 100)}xx` });
    const { id, endpointId, eventId, eventType, tries } = delivery;
    const what = `delivery=${id} endpoint=${endpointId} event=${eventId} type=${eventType} try=${tries + 1}`;
    const next = nextTryAt === null ? '' : ` nextTryAt=${nextTryAt.toISOString()}`;
    this.logger.log(`${what} status=${status} error=${error} durationMs=${durationMs} state=${state}${next}`);
  }
}

const isSuccess = ({ status, error }: Tried): boolean =>
  error === null && status !== null && status >= 200 && status < 300;

/** @param step how many tries there were since it was made or asked for again */
function nextTry(step: number, retryAfter: number | null, now: Date): AfterTry {
  const delay = nextDelaySeconds(step, Math.random());
  if (delay === null) return { state: 'failed', nextTryAt: null };
  return { state: 'pending', nextTryAt: new Date(now.getTime() + Math.max(delay, retryAfter ?? 0) * 1000) };
}
