import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { isOutage } from '../database/database-errors.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { type Claim, DeliveryClaims } from './delivery-claims.service.js';
import { DeliveryOutcomes } from './delivery-outcomes.service.js';
import { WebhookSender } from './webhook-sender.js';

/** How many deliveries one endpoint gets at the same time. */
const concurrency = 8;
/** After this time the pump ends, so that other endpoints' pumps can run, and is queued again. */
const turnMs = 4000;
/** How often a pump that waits for answers checks whether something new is due. */
const lookAgainMs = 200;
/** When to look again if another process has claimed what is due. */
const patienceMs = 1000;

/**
 * Sends what is due for ONE endpoint. Each endpoint has its own pump, so that a slow endpoint delays only itself. A
 * pump mostly waits for answers, so there can be many at the same time.
 */
@Injectable()
export class DeliveryPump implements BeforeApplicationShutdown {
  private readonly logger = new Logger(DeliveryPump.name);
  private stopping = false;

  constructor(
    @Inject(DeliveryClaims) private readonly claims: DeliveryClaims,
    @Inject(WebhookSender) private readonly sender: WebhookSender,
    @Inject(DeliveryOutcomes) private readonly outcomes: DeliveryOutcomes,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async run(endpointId: string): Promise<void> {
    const underWay = new Set<Promise<void>>();
    const turnEnds = performance.now() + turnMs;
    let taken = 0;
    let nextAt: Date | null | undefined;
    for (;;) {
      const over = this.stopping || performance.now() >= turnEnds;
      const free = over ? 0 : concurrency - underWay.size;
      const claim = free > 0 ? await this.claims.take(endpointId, free) : null;
      nextAt = claim?.nextAt;
      taken += claim?.deliveries.length ?? 0;
      for (const work of claim ? this.begin(claim) : []) {
        const tracked: Promise<void> = work.finally(() => underWay.delete(tracked));
        underWay.add(tracked);
      }
      if (underWay.size === 0) break;
      await oneOf(underWay, free > 0 ? lookAgainMs : null);
    }
    if (this.stopping) return;
    nextAt = nextAt === undefined ? await this.claims.nextAt(endpointId) : nextAt;
    if (nextAt !== null) await this.comeBack(endpointId, nextAt, taken > 0);
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  /**
   * The promises never reject: if an outcome cannot be recorded, the delivery is claimed again when this claim ends.
   */
  private begin({ deliveries, validUntil, probe }: Claim): Promise<void>[] {
    return deliveries.map(async (delivery) => {
      try {
        if (delivery.takenOver) this.outcomes.reportUnknown(delivery);
        const tried = await this.sender.send(delivery, validUntil);
        await (tried ? this.outcomes.record(delivery, tried, probe) : this.claims.letGo(delivery));
      } catch (error) {
        const line = `delivery ${delivery.id}: ${error instanceof Error ? error.message : String(error)}`;
        if (isOutage(error)) this.logger.debug(line);
        else this.logger.error(line);
      }
    });
  }

  private async comeBack(endpointId: string, due: Date, tookSome: boolean): Promise<void> {
    const now = this.clock.now();
    if (due > now) await this.dispatcher.add(jobs.deliverAt(endpointId, due, now));
    else if (tookSome) await this.dispatcher.add(jobs.deliver(endpointId));
    else await this.dispatcher.add(jobs.deliverAt(endpointId, new Date(now.getTime() + patienceMs), now));
  }
}

/** Resolves with the first of the promises, or after this time. */
async function oneOf(promises: ReadonlySet<Promise<void>>, milliseconds: number | null): Promise<void> {
  if (milliseconds === null) return Promise.race(promises);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([...promises, late]);
  clearTimeout(timer);
}
