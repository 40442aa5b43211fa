import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { Database } from '../database/database.js';
import { type ClaimedDelivery, claimMs, DueDeliveriesStore } from './due-deliveries.store.js';
import { nextRound } from './endpoint-health.js';
import { type EndpointRow, EndpointsStore } from './endpoints.store.js';

export interface Claim {
  deliveries: readonly ClaimedDelivery[];
  /**
   * Until then (`performance.now()`) no other process takes them. A process that was paused longer must send nothing.
   */
  validUntil: number;
  /** whether this is the one delivery whose outcome decides if the endpoint works again */
  probe: boolean;
  /** for an empty claim: when a delivery becomes due; null: only a new event makes one due */
  nextAt?: Date | null;
}

const none: Claim = { deliveries: [], validUntil: 0, probe: false };

/** Claims deliveries to try, as many as the endpoint can bear. */
@Injectable()
export class DeliveryClaims {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(DueDeliveriesStore) private readonly store: DueDeliveriesStore,
    @Inject(EndpointsStore) private readonly endpoints: EndpointsStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async take(endpointId: string, limit: number): Promise<Claim> {
    const validUntil = validFromNow();
    const taking = { now: this.clock.now(), limit, unhindered: true };
    const unhindered = await this.store.claim(this.database, endpointId, taking);
    if (unhindered.length > 0) return { deliveries: unhindered, validUntil, probe: false };
    const outlook = await this.store.outlook(endpointId);
    const careful = outlook !== null && outlook.recovers && outlook.at <= this.clock.now();
    return careful ? this.takeCarefully(endpointId, limit) : { ...none, nextAt: outlook?.at ?? null };
  }

  letGo(delivery: ClaimedDelivery): Promise<void> {
    return this.store.letGo(delivery);
  }

  async nextAt(endpointId: string): Promise<Date | null> {
    return (await this.store.outlook(endpointId))?.at ?? null;
  }

  /** Claims for an endpoint that recovers. Its row is locked, so that two pumps do not both send the probe. */
  private takeCarefully(endpointId: string, limit: number): Promise<Claim> {
    return this.database.transaction(async (tx) => {
      const endpoint = await this.endpoints.lock(tx, endpointId);
      const now = this.clock.now();
      if (!isDue(endpoint, now)) return none;
      const round = nextRound(endpoint, now);
      const validUntil = validFromNow();
      const taking = { now, limit: Math.min(limit, round.deliveries), unhindered: false };
      const deliveries = await this.store.claim(tx, endpointId, taking);
      if (deliveries.length === 0) return none;
      await this.endpoints.change(tx, endpointId, round.health);
      return { deliveries, validUntil, probe: round.probe };
    });
  }
}

/** Called before the claim is made, so the claim ends sooner in this process than in the database. */
const validFromNow = (): number => performance.now() + claimMs;

/** Whether the endpoint recovers and may get a delivery now. */
const isDue = (endpoint: EndpointRow | null, now: Date): endpoint is EndpointRow =>
  endpoint !== null && endpoint.pace !== null && (endpoint.heldUntil === null || endpoint.heldUntil <= now);
