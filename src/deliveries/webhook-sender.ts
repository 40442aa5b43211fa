import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import { deliveryBody } from './delivery-body.js';
import type { ClaimedDelivery, Tried } from './due-deliveries.store.js';
import { egressAgent } from './egress/egress-agent.js';
import { EgressGuard } from './egress/egress-guard.js';
import { EventBodies } from './event-bodies.js';
import { liveSecrets } from './endpoint-secrets.js';
import { EndpointsStore } from './endpoints.store.js';
import { signatures } from './signing.js';
import { postWebhook } from './egress/webhook-post.js';

/** How long a stopping process waits for answers. Another process sends unanswered deliveries again. */
const stopGraceMs = 1000;

/** Renders, signs and posts an event. Does not act on the answer. */
@Injectable()
export class WebhookSender implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly agent;
  private readonly stopping = new AbortController();

  constructor(
    @Inject(EgressGuard) guard: EgressGuard,
    @Inject(EventBodies) private readonly bodies: EventBodies,
    @Inject(EndpointsStore) private readonly endpoints: EndpointsStore,
    @Inject(Clock) private readonly clock: Clock,
  ) {
    this.agent = egressAgent(guard);
    // Every request under way listens.
    setMaxListeners(0, this.stopping.signal);
  }

  /**
   * @param validUntil when the claim ends (`performance.now()`); nothing is sent after that
   * @returns null if nothing was sent
   */
  async send(delivery: ClaimedDelivery, validUntil: number): Promise<Tried | null> {
    const { testEvent, eventId } = delivery;
    const body = testEvent === null ? await this.bodies.of(eventId) : deliveryBody(testEvent);
    const at = this.clock.now();
    const timestampSeconds = Math.floor(at.getTime() / 1000);
    const secrets = liveSecrets(this.endpoints.openSecrets({ ...delivery, id: delivery.endpointId }), at);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Facecode/1 (+https://www.standardwebhooks.com)',
      'webhook-id': eventId,
      'webhook-timestamp': `${timestampSeconds}`,
      'webhook-signature': signatures(
        secrets.map(({ secret }) => secret),
        { id: eventId, timestampSeconds, body },
      ),
    };
    const began = performance.now();
    const message = { url: delivery.url, headers, body, startBefore: validUntil };
    const posted = await postWebhook(this.agent, message, this.stopping.signal);
    // The consumer may answer with personal data, and the erasure that would remove it is already over.
    const answer = delivery.eventType === 'subject.erased' ? null : posted?.answer;
    return posted && { ...posted, answer: answer ?? null, at, durationMs: Math.round(performance.now() - began) };
  }

  beforeApplicationShutdown(): void {
    setTimeout(() => this.stopping.abort(), stopGraceMs).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.agent.destroy();
  }
}
