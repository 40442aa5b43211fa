import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../core/clock.js';
import type { Reach } from '../core/reach.js';
import type { Json } from '../core/canonical-json.js';
import { DeliveriesOfSessions } from '../deliveries/deliveries-of-sessions.js';
import type { DeliveryResponse } from '../deliveries/delivery.responses.js';
import type { JournalEvent } from '../journal/journal-event.js';
import { SessionsService } from '../sessions/sessions.service.js';
import { EvidenceProofs } from './evidence-proofs.js';
import { provenVerdicts, unprovenMembers } from './evidence-records.js';
import type { EvidenceResponse, WebhookRecordResponse } from './evidence.responses.js';
import { digestOfJson } from './evidence-statement.js';
import { EvidenceStore, type WebhookRecord } from './evidence.store.js';
import { provenSession } from './proven-session.js';
import { SealedSessions } from './sealed-session.js';
import { evidenceVersion } from './verify-evidence.js';

/** How often to gather evidence again because the session got new events meanwhile. */
const triesMost = 5;

/** Puts together a file that proves, without this service, how a session came to its outcome. */
@Injectable()
export class Evidence {
  constructor(
    @Inject(SealedSessions) private readonly sealed: SealedSessions,
    @Inject(SessionsService) private readonly sessions: SessionsService,
    @Inject(EvidenceStore) private readonly store: EvidenceStore,
    @Inject(EvidenceProofs) private readonly proofs: EvidenceProofs,
    @Inject(DeliveriesOfSessions) private readonly deliveries: DeliveriesOfSessions,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async of(sessionId: string, reach: Reach): Promise<EvidenceResponse | 'not-found' | 'not-sealed' | 'inconsistent'> {
    for (let tries = 0; tries < triesMost; tries += 1) {
      const events = await this.sealed.eventsOf(sessionId, reach);
      if (typeof events === 'string') return events;
      const evidence = await this.from(sessionId, events);
      if (evidence === 'inconsistent') return evidence;
      // If an event was added meanwhile, the events are not complete, or the webhooks and deliveries do not match them.
      const rows = await this.sessions.findRows(sessionId, reach);
      if (rows?.session.seq === events.length) return evidence;
    }
    return 'not-sealed';
  }

  private async from(sessionId: string, history: readonly JournalEvent[]): Promise<EvidenceResponse | 'inconsistent'> {
    const { session, attempts } = provenSession(history);
    const verdicts = provenVerdicts(history);
    const [{ proofs, origin, ...tree }, webhooks, deliveries] = await Promise.all([
      this.proofs.prove(history.map(({ position }) => position)),
      this.store.webhooksOf(
        attempts.map(({ id }) => id),
        [...verdicts.keys()],
      ),
      this.deliveries.deliveriesOfSession(sessionId),
    ]);
    const records = webhooks.map((webhook) => webhookRecord(webhook, verdicts.get(webhook.id)));
    const sent = deliveries.map(deliveryRecord).sort((a, b) => (a.id < b.id ? -1 : 1));
    const statement = await this.proofs.sign({
      kind: 'facecode-evidence-statement',
      version: 1,
      sessionId,
      events: history.length,
      treeSize: tree.treeSize,
      madeAt: this.clock.now().toISOString(),
      webhooksDigest: digestOfJson(records as unknown as Json),
      deliveriesDigest: digestOfJson(sent as unknown as Json),
    });
    if (!statement) return 'inconsistent';
    return {
      kind: 'facecode-evidence',
      version: evidenceVersion,
      session,
      attempts,
      events: history.map((event, nth) => ({ event, proof: proofs[nth]! })),
      ...tree,
      webhooks: records,
      deliveries: sent,
      statement,
      unproven: { saidBy: origin, members: unprovenMembers(records, history) },
    };
  }
}

/** @param verdict the one that the events prove; the row has the latest one, which a replay by hand may have changed */
function webhookRecord({ id, digest, receivedAt, ...row }: WebhookRecord, verdict?: string): WebhookRecordResponse {
  const { state, verdict: proven } = verdict === undefined ? row : { state: 'applied', verdict };
  return { id, digest: digest.toString('hex'), receivedAt: receivedAt.toISOString(), state, verdict: proven };
}

/** Copies member by member, because the verifier refuses unknown members. */
const deliveryRecord = (delivery: DeliveryResponse): DeliveryResponse => ({
  id: delivery.id,
  endpointId: delivery.endpointId,
  eventId: delivery.eventId,
  eventType: delivery.eventType,
  sessionId: delivery.sessionId,
  position: delivery.position,
  state: delivery.state,
  nextTryAt: delivery.nextTryAt,
  createdAt: delivery.createdAt,
  endedAt: delivery.endedAt,
  attempts: delivery.attempts.map(({ at, durationSeconds, status, error }) => ({ at, durationSeconds, status, error })),
});
