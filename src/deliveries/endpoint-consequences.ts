import { Inject, Injectable } from '@nestjs/common';
import { platformOfEvent } from '../core/platform.js';
import type { Transaction } from '../database/database.js';
import type { EventData, NewEvent } from '../journal/journal-event.js';
import { JournalStore } from '../journal/journal.store.js';
import { JobDispatcher } from '../queue/job-dispatcher.js';
import { jobs } from '../queue/jobs.js';
import { afterFailure, disableAfterMs, type EndpointFailure, type EndpointHealth } from './endpoint-health.js';
import { type DisabledReason, EndpointsStore } from './endpoints.store.js';

/**
 * Applies a failed try to its endpoint: the endpoint is held back, reported as failing, or disabled. The last two are
 * recorded as events.
 */
@Injectable()
export class EndpointConsequences {
  constructor(
    @Inject(EndpointsStore) private readonly endpoints: EndpointsStore,
    @Inject(JournalStore) private readonly journal: JournalStore,
    @Inject(JobDispatcher) private readonly dispatcher: JobDispatcher,
  ) {}

  /** @param lastError of the try, for the event */
  async draw(
    tx: Transaction,
    endpointId: string,
    failure: EndpointFailure,
    lastError: string | null,
    now: Date,
  ): Promise<void> {
    const endpoint = await this.endpoints.lock(tx, endpointId);
    // What was under way when it was disabled says nothing new.
    if (!endpoint || endpoint.disabledAt !== null) return;
    const { health, consequence } = afterFailure(endpoint, failure, now);
    await this.endpoints.change(tx, endpointId, healthOf(health));
    if (consequence === 'none') return;
    const failingSince = health.failingSince ?? now;
    const facts = { endpointId, failingSince: failingSince.toISOString(), lastStatus: failure.status, lastError };
    const { platform } = endpoint;
    if (consequence === 'notice') await this.notice(tx, platform, facts, failingSince, now);
    else await this.disable(tx, platform, facts, consequence === 'disable-gone' ? 'gone' : 'failing', now);
  }

  private notice(tx: Transaction, platform: string, facts: EventData, failingSince: Date, now: Date): Promise<void> {
    const disabledAt = new Date(failingSince.getTime() + disableAfterMs).toISOString();
    return this.append(
      tx,
      platform,
      { type: 'endpoint.failing', attemptId: null, data: { ...facts, disabledAt } },
      now,
    );
  }

  private async disable(
    tx: Transaction,
    platform: string,
    facts: EventData & { endpointId: string },
    reason: DisabledReason,
    now: Date,
  ): Promise<void> {
    await this.endpoints.change(tx, facts.endpointId, { disabledAt: now, disabledReason: reason }, now);
    await this.append(tx, platform, { type: 'endpoint.disabled', attemptId: null, data: { ...facts, reason } }, now);
  }

  /** @param platform of the endpoint */
  private async append(tx: Transaction, platform: string, event: NewEvent, now: Date): Promise<void> {
    const actor = { kind: 'system', id: 'endpoint-health' } as const;
    await this.journal.appendLoose(tx, [event], now, actor, platformOfEvent(platform));
    this.dispatcher.afterCommit(tx, jobs.seal());
  }
}

/** The columns of an endpoint's health and no others. */
function healthOf({ failingSince, noticedAt, failures, holds, heldUntil, pace }: EndpointHealth): EndpointHealth {
  return { failingSince, noticedAt, failures, holds, heldUntil, pace };
}
